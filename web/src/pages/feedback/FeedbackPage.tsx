import { MessageSquare } from "lucide-react";
import { useAuthors } from "@/api/authors";
import { useSession } from "@/api/session";
import { usePromptChoices } from "@/api/choices";
import type { Schema } from "@/api/client";
import { usePages } from "@/api/hooks";
import { Badge, Breaking, Button, Checkbox, type Column, Combobox, Day, EmptyState, FilterBar, PagedTable, RelativeTime, SearchInput, Select, SimulatedBadge, TextLink, useMoreFilters } from "@/kit";
import { amid } from "@/lib/format";
import { betweenDays } from "@/lib/days";
import { flag, maybeOneOf, text, useUrlState } from "@/lib/url-state";
import { Head } from "@/pages/analytics/Head";
import { Views } from "@/pages/views/Views";
import { Earlier } from "./Earlier";
import { TakeBack } from "./TakeBack";
import { What } from "./What";
import { senderOf, whoSaid } from "./said";

type Said = Schema<"FeedbackListed">;

/** What is looked for, and how the API is asked for it. */
const KINDS = {
  thumb: { kind: "thumb" },
  "thumbs up": { thumb: "up" },
  "thumbs down": { thumb: "down" },
  score: { kind: "score" },
  comment: { kind: "comment" },
  correction: { kind: "correction" },
  metric: { kind: "metric" },
} as const;
const KIND_NAMES = Object.keys(KINDS) as (keyof typeof KINDS)[];
const shape = { prompt: text(), kind: maybeOneOf(KIND_NAMES), user: text(), session: text(), metric: text(), since: text(), until: text(), history: flag() };
const NONE = { prompt: "", kind: null, user: "", session: "", metric: "", since: "", until: "", history: false } as const;

const SEND = `curl $URL/v1/feedback -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"execution_id": "…", "thumb": "down", "comment": "belongs to billing", "user_id": "ann"}'`;

/** The API refuses what can be no metric's name. */
const METRIC_NAME = /^[A-Za-z][A-Za-z0-9_.-]*$/;

/** What people said, one by one, the newest first. */
export default function FeedbackPage() {
  const [filters, set] = useUrlState(shape);
  const { prompt, kind, user, session, metric, since, until, history } = filters;
  const nameOf = useAuthors();
  const { user: me } = useSession();
  const isMetric = !metric || METRIC_NAME.test(metric);
  const pages = usePages("/v1/feedback", {
    query: { prompt: prompt || undefined, ...(metric ? KINDS.metric : kind ? KINDS[kind] : {}), user_id: user || undefined, session_id: session || undefined, metric: metric || undefined, ...betweenDays(since, until), history: history || undefined, limit: 50 },
  }, { enabled: isMetric });
  const isFiltered = Boolean(prompt || kind || user || session || metric || since || until);
  const more = useMoreFilters(
    [session, metric, since, until].filter(Boolean).length,
    <>
      <Day label="From" value={since} max={until} onChange={(next) => set({ since: next })} />
      <Day label="Until" value={until} min={since} onChange={(next) => set({ until: next })} />
      <SearchInput label="Session" most={256} placeholder="Session's id" value={session} onChange={(next) => set({ session: next.trim() })} className="w-full sm:w-40" />
      <SearchInput label="Metric" most={63} placeholder="Metric's name" value={metric} onChange={(next) => set({ metric: next.trim() })} className="w-full sm:w-40" />
    </>,
  );
  const columns: Column<Said>[] = [
    { key: "at", head: "When", width: "w-20 sm:w-28", cell: (row) => <RelativeTime at={row.accepted_at} className="text-muted" /> },
    {
      key: "what",
      head: "Said",
      cell: (row) => (
        <span className="flex min-w-0 flex-col items-start gap-1">
          <span className="flex flex-wrap items-center gap-2">
            <What reaction={row} />
            {row.taken_back_at ? (
              <Badge tone="warn">
                taken back {row.taken_back_by ? `by ${amid(nameOf(senderOf(row.taken_back_by)))} ` : ""}
                <RelativeTime at={row.taken_back_at} />
              </Badge>
            ) : null}
          </span>
          {row.comment ? <span className="line-clamp-3 text-13 wrap-anywhere">{row.comment}</span> : null}
          {row.correction ? <span className="line-clamp-3 text-13 text-ok wrap-anywhere">Should have been: {row.correction}</span> : null}
          <Earlier of={row} />
        </span>
      ),
    },
    { key: "prompt", head: "Prompt", width: "w-44", hideBelow: "md", cell: (row) => (row.prompt ? <span className="flex flex-wrap items-center gap-x-2"><Breaking text={row.prompt} className="font-mono text-12" />{row.version ? <Badge>v{row.version}</Badge> : null}</span> : <span className="text-muted">–</span>) },
    { key: "who", head: "By", width: "w-44", hideBelow: "sm", cell: (row) => <By {...whoSaid(row.user_id, row.sent_by ? nameOf(senderOf(row.sent_by)) : null, me.email)} /> },
    { key: "about", head: "About", width: "w-16 sm:w-24", cell: (row) => <TextLink to={row.execution_id ? `/runs/${row.execution_id}` : `/sessions/${encodeURIComponent(row.session_id ?? "")}`}>{row.execution_id ? "run" : "session"}</TextLink> },
    { key: "act", head: <span className="sr-only">Act</span>, align: "end", width: "w-12", cell: (row) => (row.taken_back_at ? null : <TakeBack id={row.feedback_id} kinds={kindsOf(pages.rows, row)} who={row.user_id ?? "no name"} />) },
  ];
  return (
    <Head title="Feedback" subtitle="What people said of answers, one by one. Of several of one kind by one person on one answer the last counts." actions={<Views place="feedback" shape={shape} />}>
      <FilterBar
        holding={Object.values(filters).filter(Boolean).length}
        more={more}
        filters={
          <>
            <Combobox label="Prompt" value={prompt || null} clear="Any prompt" {...usePromptChoices(prompt)} onChange={(next) => set({ prompt: next ?? "" })} />
            <Select compact aria-label="Kind" empty="Any kind" value={kind} onChange={(next: string) => set({ kind: (next || null) as never, metric: "" })} options={KIND_NAMES.map((one) => ({ value: one as string, label: one }))} />
            <SearchInput label="End user" most={256} placeholder="End user's id" value={user} onChange={(next) => set({ user: next.trim() })} className="w-full sm:w-40" />
            <Checkbox label="With what was taken back" checked={history} onChange={(event) => set({ history: event.target.checked })} />
          </>
        }
      >
        {pages.rows.some((row) => row.simulated) ? <SimulatedBadge /> : null}
      </FilterBar>
      {isMetric ? (
        <PagedTable
          label="Feedback"
          columns={columns}
          pages={pages}
          rowKey={(row) => `${row.feedback_id} ${row.kind} ${(row.metric as { name?: string } | null)?.name ?? ""}`}
          empty={
            isFiltered ? (
              <EmptyState title="No feedback matches" action={<Button onClick={() => set(NONE)}>Show all</Button>}>
                Ids and names are compared as a whole.
              </EmptyState>
            ) : (
              <EmptyState icon={<MessageSquare size={18} />} title="Nobody has said anything yet" code={SEND}>
                Thumbs, scores, comments, corrections and metrics that your applications send are listed here.
              </EmptyState>
            )
          }
        />
      ) : (
        <EmptyState title="No feedback matches" action={<Button onClick={() => set({ metric: "" })}>Any metric</Button>}>
          A metric’s name is a letter, then letters, digits, _, . or -.
        </EmptyState>
      )}
    </Head>
  );
}

function By({ who, by }: { who: string; by: string | null }) {
  return (
    <span className="flex flex-col text-13 wrap-anywhere">
      <span>{who}</span>
      {by ? <span className="text-12 text-muted">by way of {amid(by)}</span> : null}
    </span>
  );
}

/** This one's first, then those that were sent with it. */
function kindsOf(rows: readonly Said[], row: Said): string[] {
  return [row.kind, ...rows.filter((one) => one.feedback_id === row.feedback_id && one.kind !== row.kind).map((one) => one.kind)];
}
