import { Download, FileStack, Plus, X } from "lucide-react";
import { useState } from "react";
import { read, useChange, usePages, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, type Column, ConfirmDialog, Drawer, EmptyState, Facts, JsonView, Loaded, Money, NavTabs, Notice, Page, PagedTable, Prose, RelativeTime, Section, Select, SimulatedBadge, SimulatedMark, StatusBadge, TextLink, Toolbar, save, toast, toastError } from "@/kit";
import { Progress } from "@/kit/Progress";
import { money, plural } from "@/lib/format";
import { flag, maybeOneOf, over, text, useUrlState } from "@/lib/url-state";
import { RUNS_TABS } from "../runs/tabs";
import { NewContent } from "./NewContent";
import { ReadBy } from "./ReadBy";
import { type Job, SOURCES, STATUSES, isUnderway, nameOf, progressOf, resultLines, sourceName } from "./job";

const SOURCE_NAMES = ["conversation", "youtube", "document"] as const;
const shape = { source: maybeOneOf(SOURCE_NAMES), status: maybeOneOf(STATUSES), group: text(), job: over(text()), new: over(flag()) };
const SOON_MS = 2_000;
const LATER_MS = 30_000;
const AT_ONCE = 200;

/** Conversations, transcripts and documents, and what was read out of them. */
export default function ContentPage() {
  const [{ source, status, group, job, new: creating }, set] = useUrlState(shape);
  const [choosing, setChoosing] = useState(false);
  const [isMoving, setMoving] = useState(false);
  const may = useMay();
  const pages = usePages("/v1/enrichments", { query: { source_type: source, processing_status: status, group_id: group } }, { refetchInterval: isMoving ? SOON_MS : LATER_MS });
  const moving = pages.rows.some(isUnderway);
  if (moving !== isMoving) setMoving(moving);
  const isFiltered = Boolean(source || status || group);
  const add = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ new: true })}>
      Read a content
    </Button>
  );
  return (
    <Page
      title="Content jobs"
      subtitle="Conversations, transcripts and documents that become structured results."
      actions={
        <>
          <Button onClick={() => setChoosing(true)} disabled={!may.edit} why={needs("editor")}>
            Prompts…
          </Button>
          {add}
        </>
      }
    >
      <NavTabs label="Runs" tabs={RUNS_TABS} />
      <Toolbar>
        <Select compact aria-label="Kind" empty="Any kind" value={source} onChange={(next: string) => set({ source: (next || null) as never })} options={SOURCES.map(({ value, label }) => ({ value: value as string, label }))} />
        <Select compact aria-label="Status" empty="Any status" value={status} onChange={(next: string) => set({ status: (next || null) as never })} options={STATUSES.map((one) => ({ value: one as string, label: one }))} />
        {group ? (
          <Button onClick={() => set({ group: "" })} icon={<X size={14} aria-hidden />}>
            of one call
          </Button>
        ) : null}
        <span className="flex min-h-8 items-center sm:ml-auto">{pages.rows.some((row) => row.simulated) ? <SimulatedBadge /> : null}</span>
      </Toolbar>
      {group ? <Group id={group} /> : null}
      <PagedTable
        label="Content jobs"
        columns={group ? OF_ONE_CALL : COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        onOpen={(row) => set({ job: row.id }, { push: true })}
        selected={job || null}
        empty={
          isFiltered ? (
            <EmptyState title="Nothing matches" action={<Button onClick={() => set({ source: null, status: null, group: "" })}>Show all</Button>} />
          ) : (
            <EmptyState icon={<FileStack size={18} />} title="Nothing was read yet" action={add} code={CODE}>
              A content is read by a prompt, checked against its schema, and kept with the result.
            </EmptyState>
          )
        }
      />
      <Drawer open={job !== ""} onOpenChange={(open) => (open ? undefined : set({ job: "" }))} title="Content job" description={<code className="text-12 wrap-anywhere">{job}</code>}>
        {job ? <Whole key={job} id={job} onGone={() => set({ job: "" })} onGroup={(id) => set({ job: "", group: id, source: null, status: null })} /> : null}
      </Drawer>
      {creating ? <NewContent onClose={() => set({ new: false })} onMade={(id) => set({ new: false, job: id })} onMany={(made) => set({ new: false, group: made, source: null, status: null })} /> : null}
      {choosing ? <ReadBy onClose={() => setChoosing(false)} /> : null}
    </Page>
  );
}

const COLUMNS: Column<Job>[] = [
  {
    key: "name",
    head: "Content",
    cell: (row) => (
      <span className="block min-w-0">
        <span className="line-clamp-1 font-medium wrap-anywhere">{nameOf(row)}</span>
        <span className="flex flex-wrap items-center gap-1.5 text-12 text-muted">
          {sourceName(row.source_type)}
          {row.simulated ? <SimulatedMark /> : null}
        </span>
      </span>
    ),
  },
  {
    key: "status",
    head: "Status",
    width: "w-36",
    cell: (row) => (
      <span className="flex flex-wrap items-center gap-1.5">
        <StatusBadge status={row.processing_status} />
        {progressOf(row) ? <span className="numeric text-12 text-muted">{progressOf(row)}</span> : null}
      </span>
    ),
  },
  { key: "prompt", head: "Read by", width: "w-52", hideBelow: "md", cell: (row) => <span className="wrap-anywhere">{row.prompt ? `${row.prompt}${row.version === null ? "" : ` v${row.version}`}` : "the prompt that ships"}</span> },
  { key: "cost", head: "Cost", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => <Money nusd={Number(row.usage["cost_nusd"] ?? 0)} /> },
  { key: "at", head: "Changed", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => <RelativeTime at={row.updated_at} className="text-muted" /> },
];

/** Who read them is the same for all of one call; what came of each is not. */
const OF_ONE_CALL: Column<Job>[] = COLUMNS.map((column) =>
  column.key === "prompt" ? { key: "result", head: "Result", hideBelow: "md", width: "md:w-1/2", cell: (row) => <Outcome row={row} /> } : column,
);

function Outcome({ row }: { row: Job }) {
  if (row.error) return <span className="line-clamp-2 text-12 text-bad wrap-anywhere">{row.error.message}</span>;
  return row.result ? <code className="line-clamp-2 text-12 wrap-anywhere">{JSON.stringify(row.result)}</code> : <span className="text-muted">–</span>;
}

/** All of one call; it has at most 500. */
async function jobsOf(group: string): Promise<Job[]> {
  const found: Job[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await read("/v1/enrichments", { query: { group_id: group, limit: AT_ONCE, ...(cursor ? { cursor } : {}) } });
    found.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}

/** How far the contents of one call are, and their results. */
function Group({ id }: { id: string }) {
  const found = useRead("/v1/enrichments/groups/{group_id}", { path: { group_id: id } }, { refetchInterval: SOON_MS });
  const stop = useChange("post", "/v1/enrichments/groups/{group_id}/cancel", { invalidates: ["/v1/enrichments"] });
  const [busy, setBusy] = useState(false);
  const group = found.data;
  if (!group) return null;
  const take = () => {
    setBusy(true);
    void jobsOf(id)
      .then((jobs) => save(new Blob([resultLines(jobs)], { type: "application/x-ndjson" }), `contents-${id.slice(-6)}.jsonl`))
      .catch(toastError)
      .finally(() => setBusy(false));
  };
  const left = group.pending + group.processing;
  const said = [left > 0 && `${left} to go`, group.failed > 0 && `${group.failed} failed`, group.cancelled > 0 && `${group.cancelled} cancelled`, `${money(group.cost_nusd)} so far`].filter(Boolean).join(", ");
  return (
    <Notice
      title={`${group.completed} of ${plural(group.total, "content")} read.`}
      action={
        <span className="flex flex-wrap gap-2">
          {group.pending > 0 ? (
            <Button size="s" busy={stop.isPending} onClick={() => stop.mutate({ path: { group_id: id } }, { onSuccess: () => toast("No more of them is begun"), onError: toastError })}>
              Begin no more
            </Button>
          ) : null}
          <Button size="s" icon={<Download size={14} aria-hidden />} busy={busy} disabled={group.completed + group.failed === 0} why="Nothing is read yet." onClick={take}>
            Results as JSON lines
          </Button>
        </span>
      }
    >
      <Progress label="Contents" done={group.total - left} total={group.total} words={said} className="mt-1 w-64" />
    </Notice>
  );
}

function Whole({ id, onGone, onGroup }: { id: string; onGone: () => void; onGroup: (group: string) => void }) {
  const [isMoving, setMoving] = useState(false);
  const again = useChange("post", "/v1/enrichments", { invalidates: ["/v1/enrichments"] });
  const remove = useChange("delete", "/v1/enrichments/{enrichment_id}", { invalidates: ["/v1/enrichments"], removes: "/v1/enrichments/{enrichment_id}" });
  const found = useRead("/v1/enrichments/{enrichment_id}", { path: { enrichment_id: id } }, { refetchInterval: isMoving ? SOON_MS : false });
  const [asking, setAsking] = useState(false);
  const moving = found.data ? isUnderway(found.data) : false;
  if (moving !== isMoving) setMoving(moving);
  return (
    <Loaded of={found}>
      {(job) => (
        <div className="flex flex-col gap-5">
          <div className="flex flex-wrap items-center gap-2">
            <StatusBadge status={job.processing_status} />
            {progressOf(job) ? <span className="numeric text-12 text-muted">{progressOf(job)}</span> : null}
            {job.simulated ? <SimulatedBadge /> : null}
            <span className="ml-auto flex flex-wrap gap-2">
              <Button size="s" busy={again.isPending} disabled={moving} onClick={() => again.mutate({ query: { wait_s: 0 }, body: { source_type: job.source_type as never, id: job.id, metadata: job.metadata } }, { onSuccess: () => toast("It is read again"), onError: toastError })}>
                Read again
              </Button>
              <Button size="s" variant="ghost" onClick={() => setAsking(true)}>
                Delete…
              </Button>
            </span>
          </div>
          <ConfirmDialog open={asking} onOpenChange={setAsking} title="Delete this content?" submit="Delete" busy={remove.isPending} error={remove.error} onSubmit={() => remove.mutate({ path: { enrichment_id: id } }, { onSuccess: () => (onGone(), toast("Deleted, with its content")) })}>
            The content and its result go at once, and do not come back. The runs that read it stay, without its text.
          </ConfirmDialog>
          {job.error ? <Notice tone="bad" title="It could not be read.">{job.error.message}</Notice> : null}
          {job.result ? <JsonView value={job.result} label="Result" /> : null}
          <Facts
            facts={[
              ["Content", nameOf(job)],
              ["Kind", sourceName(job.source_type)],
              ["Read by", job.prompt ? <TextLink key="prompt" to={`/prompts/${job.prompt}`}>{job.prompt}</TextLink> : "the prompt that ships"],
              job.model ? ["Model", <code key="model" className="text-12 wrap-anywhere">{job.model}</code>] : null,
              ["Cost", <Money key="cost" nusd={Number(job.usage["cost_nusd"] ?? 0)} />],
              ["Brought", <RelativeTime key="at" at={job.created_at} />],
              job.group_id ? ["Came with others", <button key="group" type="button" className="text-accent underline underline-offset-2" onClick={() => onGroup(job.group_id ?? "")}>Show all of that call</button>] : null,
            ]}
          />
          {Object.keys(job.metadata).length > 0 ? <JsonView value={job.metadata} label="Metadata" /> : null}
          <Section title="Content">{job.content ? <Content content={job.content} /> : <p className="text-13 text-muted">Its text is not kept any more.</p>}</Section>
        </div>
      )}
    </Loaded>
  );
}

function Content({ content }: { content: Record<string, unknown> }) {
  const messages = content["messages"];
  if (Array.isArray(messages)) {
    return (
      <ol className="flex flex-col gap-2">
        {(messages as { role?: unknown; content?: unknown }[]).map((one, index) => (
          <li key={index} className="border-l-2 border-line-strong pl-3">
            <span className="block text-12 text-muted">{String(one.role ?? "message")}</span>
            <Prose plain text={String(one.content ?? "")} className="text-13" />
          </li>
        ))}
      </ol>
    );
  }
  const words = content["text"];
  return typeof words === "string" ? <Prose plain text={words} /> : <JsonView value={content} />;
}

const CODE = `curl $URL/v1/enrichments -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"source_type": "document", "content": "Parcels are delivered within three days."}'`;
