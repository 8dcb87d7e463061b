import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useAuthors } from "@/api/authors";
import { invalidate, useRead } from "@/api/hooks";
import { After, Badge, type Column, DownloadButton, Drawer, EmptyState, Facts, Figures, JsonView, Loaded, Money, Notice, Page, PagedTable, Prose, RelativeTime, Section, Segments, SimulatedBadge, TextLink } from "@/kit";
import { Progress } from "@/kit/Progress";
import { usePathParam } from "@/lib/pages";
import { amid, count, money, plural, spaced } from "@/lib/format";
import { integer, oneOf, over, useUrlState } from "@/lib/url-state";
import { BatchActs } from "./BatchActs";
import { BatchStatus } from "./BatchStatus";
import { type Batch, type ResultLine, answerOf, atOf, costOf, hasEnded, isMoving, kindAt, mostOf, nameOf, pauseWords, shownBody, waitWords } from "./model";
import { useResults } from "./useResults";

const shape = { show: oneOf(["all", "failed"], "all"), line: over(integer(null)) };
const FORMATS = {
  inputs: "Burnish’s executions", requests: "Burnish’s executions", chat: "OpenAI’s chat completions", responses: "OpenAI’s responses", embeddings: "OpenAI’s embeddings",
  messages: "Anthropic’s messages",
} as const;
const SOON_MS = 1_500;
const LATER_MS = 30_000;
const SHOWN = [
  { value: "all", label: "All" },
  { value: "failed", label: "Failed" },
] as const;

export default function BatchPage() {
  const id = usePathParam("id");
  const [moving, setMoving] = useState(true);
  const found = useRead("/v1/batches/{batch_id}", { path: { batch_id: id } }, { refetchInterval: moving ? SOON_MS : LATER_MS });
  const batch = found.isPlaceholderData ? undefined : found.data;
  if (batch && isMoving(batch) !== moving) setMoving(isMoving(batch));
  return (
    <Page
      title={batch ? nameOf(batch) : "Batch"}
      heading={
        batch ? (
          <span className="flex flex-wrap items-center gap-2">
            {nameOf(batch)}
            <BatchStatus batch={batch} />
            {batch.simulated ? <SimulatedBadge /> : null}
          </span>
        ) : undefined
      }
      back={{ to: "/batches", label: "Batches" }}
      actions={batch ? <BatchActs batch={batch} /> : null}
    >
      <Loaded of={{ ...found, data: batch }}>{(one) => <Whole batch={one} />}</Loaded>
    </Page>
  );
}

function Whole({ batch }: { batch: Batch }) {
  const { completed, failed, total } = batch.request_counts;
  const nameBy = useAuthors();
  const ended = hasEnded(batch);
  useLastResults(batch);
  return (
    <div className="flex min-w-0 flex-col gap-6">
      {batch.status === "paused" ? <Notice tone={batch.pause_reason === "asked" ? "neutral" : "warn"} title="Paused.">{pauseWords(batch.pause_reason)}</Notice> : null}
      {batch.waiting_for.map((one) => (
        <Notice key={one.model + one.reason} tone="warn" title="Calls wait.">
          {waitWords(one)} Next try: <RelativeTime at={atOf(one.until)} />.
        </Notice>
      ))}
      {batch.error && typeof batch.error["message"] === "string" ? <Notice tone="bad" title="It failed.">{batch.error["message"]}</Notice> : null}
      {batch.status === "expired" ? <Notice tone="warn" title="Its time was over.">What had no answer by then was not asked.</Notice> : null}
      {ended ? null : <Progress label="Calls" done={completed + failed} total={total} words={`${count(completed + failed)} of ${plural(total, "call")}`} />}
      <Figures
        figures={[
          { label: "Answered", value: count(completed), note: `of ${plural(total, "call")}` },
          { label: "Failed", value: count(failed), note: failed > 0 ? noteOfFailed(batch.status, ended) : undefined },
          { label: "Cost", value: money(batch.cost_nusd), note: `at most ${money(mostOf(batch))}` },
          { label: ended ? "Was set aside" : "Set aside", value: money(batch.set_aside_nusd), note: ended ? "the rest came back" : "the rest comes back" },
        ]}
      />
      <Results batch={batch} />
      <After>
        <Section title="About it">
          <Facts
            facts={[
              ["Made", <span key="m"><RelativeTime at={atOf(batch.created_at)} /> by {amid(nameBy(batch.created_by))}</span>],
              batch.in_progress_at ? ["Began", <RelativeTime key="b" at={atOf(batch.in_progress_at)} />] : null,
              batch.completed_at ? ["Ended", <RelativeTime key="e" at={atOf(batch.completed_at)} />] : null,
              batch.cancelled_at ? ["Cancelled", <RelativeTime key="c" at={atOf(batch.cancelled_at)} />] : null,
              ended ? null : ["Ends by itself", <RelativeTime key="x" at={atOf(batch.expires_at)} />],
              ["Format of the answers", FORMATS[kindAt(batch.endpoint)]],
              ["Id", <code key="i" className="text-12 wrap-anywhere">{batch.id}</code>],
              ...Object.entries(batch.metadata).map(([name, value]) => [name, String(value)] as const),
            ]}
          />
        </Section>
      </After>
    </div>
  );
}

/** What became of the calls beside those that failed. */
function noteOfFailed(status: Batch["status"], ended: boolean) {
  if (status === "cancelled" || status === "expired") return "those that were stopped among them";
  return ended ? "the others went on" : "the others go on";
}

/** When it comes to its end, the results are read once more: the last ones came after the last look. */
function useLastResults(batch: Batch) {
  const queries = useQueryClient();
  const moving = isMoving(batch);
  const was = useRef(moving);
  useEffect(() => {
    if (was.current && !moving) void invalidate(queries, ["/v1/batches/{batch_id}/results", "/v1/credits"]);
    was.current = moving;
  }, [moving, queries]);
}

function Results({ batch }: { batch: Batch }) {
  const [{ show, line }, set] = useUrlState(shape);
  const pages = useResults(batch.id, { onlyFailed: show === "failed", moving: isMoving(batch), hasVectors: kindAt(batch.endpoint) === "embeddings" });
  const opened = line === null ? undefined : pages.rows.find((row) => row.line === line);
  return (
    <Section
      title="Results"
      actions={
        <>
          <Segments label="Which results" options={SHOWN} value={show} onChange={(next) => set({ show: next })} />
          <DownloadButton path={`/v1/batches/${batch.id}/results`} name={`${nameOf(batch)}.jsonl`} disabled={pages.rows.length === 0}>
            Download
          </DownloadButton>
        </>
      }
    >
      <PagedTable
        label="Results"
        columns={COLUMNS}
        pages={pages}
        rowKey={(row) => row.id}
        onOpen={(row) => set({ line: row.line }, { push: true })}
        selected={opened?.id ?? null}
        empty={<EmptyState title={show === "failed" ? "None failed" : "No answers yet"}>{show === "failed" ? "Every line that was asked so far has its answer." : "They appear here as they come, in the order of the input."}</EmptyState>}
      />
      <Drawer open={opened !== undefined} onOpenChange={(open) => (open ? undefined : set({ line: null }))} title={opened?.custom_id ?? "Result"} description={opened ? `Line ${count(opened.line + 1)}${opened.model ? `, ${opened.model}` : ""}` : undefined}>
        {opened ? <WholeLine row={opened} /> : null}
      </Drawer>
    </Section>
  );
}

function WholeLine({ row }: { row: ResultLine }) {
  const answer = answerOf(row);
  return (
    <div className="flex min-w-0 flex-col gap-4">
      {row.error ? <Notice tone="bad" title={row.error.code.replaceAll("_", " ")}>{spaced(row.error.message)}</Notice> : null}
      {answer ? <Prose text={answer} /> : null}
      {row.response ? (
        <>
          <Facts facts={[["Cost", <Money key="c" nusd={costOf(row)} />], ["Run", <TextLink key="r" to={`/runs/${row.response.request_id}`}>Open the run</TextLink>]]} />
          <JsonView label="The whole answer" value={shownBody(row.response.body)} />
        </>
      ) : null}
    </div>
  );
}

const COLUMNS: Column<ResultLine>[] = [
  { key: "id", head: "Line", width: "sm:w-36", cell: (row) => <span className="line-clamp-2 font-mono text-12 wrap-anywhere">{row.custom_id ?? count(row.line + 1)}</span> },
  {
    key: "answer",
    head: "Answer",
    cell: (row) => (row.error ? <span className="flex flex-wrap items-center gap-x-2"><Badge tone="bad">{row.error.code.replaceAll("_", " ")}</Badge><span className="line-clamp-1 text-muted wrap-anywhere">{spaced(row.error.message)}</span></span> : <span className="line-clamp-2 wrap-anywhere">{answerOf(row).slice(0, 300)}</span>),
  },
  { key: "model", head: "Model", width: "w-44", hideBelow: "md", cell: (row) => <span className="text-muted wrap-anywhere">{row.model ?? "–"}</span> },
  { key: "cost", head: "Cost", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => <Money nusd={costOf(row)} /> },
];
