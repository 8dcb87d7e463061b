import { MessageSquare, ShieldCheck } from "lucide-react";
import { useAuthors } from "@/api/authors";
import type { Schema } from "@/api/client";
import { usePages } from "@/api/hooks";
import { Badge, type Column, EmptyState, NavTabs, Page, PagedTable, RelativeTime, Segments, Tabs, type Tone } from "@/kit";
import { amid } from "@/lib/format";
import { oneOf, useUrlState } from "@/lib/url-state";

type Review = Schema<"VersionReviewAnswer">;
type Comment = Schema<"CommentAnswer">;

const KINDS = [
  { to: "/prompts", label: "Prompts", exact: true },
  { to: "/chains", label: "Chains" },
  { to: "/approvals", label: "Approvals" },
] as const;
const STANDS = ["in_review", "approved", "sent_back"] as const;
const WORDS: Record<Review["status"], { word: string; tone: Tone }> = {
  in_review: { word: "to decide", tone: "warn" },
  approved: { word: "approved", tone: "ok" },
  sent_back: { word: "sent back", tone: "bad" },
  withdrawn: { word: "withdrawn", tone: "neutral" },
};
const shape = { tab: oneOf(["reviews", "comments"], "reviews"), status: oneOf(STANDS, "in_review"), whose: oneOf(["all", "mine"], "all") };

/** Versions that wait for somebody's word, and what people asked about them. */
export default function ApprovalsPage() {
  const [{ tab, status, whose }, set] = useUrlState(shape);
  return (
    <Page title="Approvals" subtitle="Versions that somebody handed in, and comments that wait for an answer.">
      <NavTabs label="Prompts" tabs={KINDS} />
      <Tabs
        label="Parts of approvals"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          {
            id: "reviews",
            label: "Versions",
            content: (
              <div className="flex flex-col gap-4">
                <div>
                  <Segments label="Which versions" value={status} onChange={(next) => set({ status: next })} options={STANDS.map((one) => ({ value: one, label: { in_review: "To decide", approved: "Approved", sent_back: "Sent back" }[one] }))} />
                </div>
                <Reviews status={status} />
              </div>
            ),
          },
          {
            id: "comments",
            label: "Open comments",
            content: (
              <div className="flex flex-col gap-4">
                <div>
                  <Segments label="Whose comments" value={whose} onChange={(next) => set({ whose: next })} options={[{ value: "all", label: "Everybody's" }, { value: "mine", label: "That mention me" }]} />
                </div>
                <Comments isMine={whose === "mine"} />
              </div>
            ),
          },
        ]}
      />
    </Page>
  );
}

function Reviews({ status }: { status: Review["status"] }) {
  const pages = usePages("/v1/version-reviews", { query: { status } });
  const nameOf = useAuthors();
  const columns: Column<Review>[] = [
    {
      key: "version",
      head: "Version",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="flex flex-wrap items-center gap-2">
            <span className="font-mono text-13 font-medium wrap-anywhere">{row.slug}</span>
            <Badge>v{row.version}</Badge>
            <Badge tone={WORDS[row.status].tone}>{row.status === "sent_back" && row.approved_at ? "approval taken back" : WORDS[row.status].word}</Badge>
          </span>
          <span className="line-clamp-2 text-12 text-muted wrap-anywhere">{(row.status === "in_review" ? row.note : row.comment) || row.message || "No note"}</span>
        </span>
      ),
    },
    { key: "author", head: "Written by", width: "w-40", hideBelow: "md", cell: (row) => nameOf(row.author) },
    { key: "asked", head: "Asked by", width: "w-40", hideBelow: "sm", cell: (row) => nameOf(row.requested_by) },
    {
      key: "decided",
      head: "Decided by",
      width: "w-40",
      hideBelow: "md",
      cell: (row) =>
        row.decided_by ? (
          <span className="block min-w-0">
            {nameOf(row.decided_by)}
            {row.status === "sent_back" && row.approved_by ? <span className="block text-12 text-muted">approved by {amid(nameOf(row.approved_by))}</span> : null}
          </span>
        ) : (
          <span className="text-muted">–</span>
        ),
    },
    { key: "at", head: "When", align: "end", width: "w-28", cell: (row) => <RelativeTime at={row.decided_at ?? row.requested_at} className="text-muted" /> },
  ];
  return (
    <PagedTable
      label="Versions"
      columns={columns}
      pages={pages}
      rowKey={(row) => row.id}
      rowLink={(row) => ({ to: `/prompts/${row.slug}`, search: { tab: "versions", v: String(row.version) } })}
      empty={
        <EmptyState icon={<ShieldCheck size={18} />} title={status === "in_review" ? "Nothing waits for a decision" : "Nothing here"} code={ASK}>
          A version is handed in on its page, under Versions. Labels that Settings calls protected move to approved versions alone.
        </EmptyState>
      }
    />
  );
}

function Comments({ isMine }: { isMine: boolean }) {
  const pages = usePages("/v1/prompt-comments", { query: { open: true, ...(isMine ? { mentions: "me" } : {}) } });
  const nameOf = useAuthors();
  const columns: Column<Comment>[] = [
    {
      key: "body",
      head: "Comment",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="line-clamp-2 text-13 wrap-anywhere">{row.body}</span>
          <span className="block text-12 text-muted wrap-anywhere">{`${row.slug} ${row.against === null ? "" : `v${row.against} → `}v${row.version}`}</span>
        </span>
      ),
    },
    { key: "author", head: "By", width: "w-40", hideBelow: "sm", cell: (row) => nameOf(row.author) },
    { key: "at", head: "When", align: "end", width: "w-28", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
  ];
  return (
    <PagedTable
      label="Open comments"
      columns={columns}
      // An answer stands with what it answers, which may be settled; one that mentions somebody waits for them.
      pages={isMine ? pages : { ...pages, rows: pages.rows.filter((row) => row.reply_to === null) }}
      rowKey={(row) => row.id}
      rowLink={(row) => ({ to: `/prompts/${row.slug}`, search: { tab: "versions", v: String(row.version), ...(row.against === null ? {} : { against: String(row.against) }) } })}
      empty={<EmptyState icon={<MessageSquare size={18} />} title={isMine ? "Nobody mentions you" : "No comment is open"}>Comments are written beside a version. A settled one leaves this list.</EmptyState>}
    />
  );
}

const ASK = `curl $URL/v1/prompts/support-triage/versions/2/review -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"note": "Is it polite enough?"}'`;
