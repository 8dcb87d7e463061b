import { Braces, CirclePlay, ListChecks, Save } from "lucide-react";
import { useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/errors";
import { invalidate, useRead } from "@/api/hooks";
import { useLiveEvents } from "@/api/live";
import { needs, useMay, useSession } from "@/api/session";
import { Badge, Button, ButtonLink, type Column, CopyButton, Duration, ErrorState, Facts, Figures, JsonView, Loaded, Money, Notice, Prose, RelativeTime, Section, SimulatedBadge, StatusBadge, Table, TextLink } from "@/kit";
import { RunComments } from "@/kit/comments/RunComments";
import { FileList } from "@/kit/execution/Attach";
import { MessageList } from "@/kit/execution/MessageList";
import { SaveItem } from "@/kit/execution/SaveItem";
import { Thumbs } from "@/kit/execution/Thumbs";
import { type Attempt, type Execution, type Underway, inputOf, isUnderway } from "@/kit/execution/types";
import { whereToLook } from "@/kit/execution/trouble";
import { withoutBytes } from "@/lib/attached";
import { classes } from "@/lib/classes";
import { count, duration, moment, money, spaced } from "@/lib/format";
import { isPicture, ofPicture } from "@/lib/variables-apart";
import { AskReview } from "./AskReview";
import { DeleteTexts } from "./DeleteTexts";
import { EraseLink } from "./EraseLinks";
import { Feedback } from "./Feedback";
import { Scores } from "./Scores";
import { costParts } from "./log";

const UNDERWAY_MS = 1_000;
const IS_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** One execution, read again by itself until it has ended. */
export function useRun(id: string) {
  const path = { execution_id: id };
  const found = useRead("/v1/executions/{execution_id}", { path }, { enabled: IS_ID.test(id) });
  const data = (found.isPlaceholderData ? undefined : found.data) as Execution | Underway | undefined;
  useRead("/v1/executions/{execution_id}", { path }, { enabled: data !== undefined && isUnderway(data), refetchInterval: UNDERWAY_MS });
  return { ...found, data };
}

/** What can be done with a run. */
export function RunActs({ id }: { id: string }) {
  const may = useMay();
  const { data, error } = useRun(id);
  const [saving, setSaving] = useState(false);
  const [asking, setAsking] = useState(false);
  const ended = data && !isUnderway(data) ? data : null;
  // Nothing can be done with what is not there, or could not be read.
  if (!IS_ID.test(id) || (error && !data)) return null;
  return (
    <>
      <ButtonLink size="s" to="/playground" search={{ run: id }} icon={<CirclePlay size={12} aria-hidden />}>
        Open in playground
      </ButtonLink>
      <Button size="s" icon={<Save size={12} aria-hidden />} disabled={!may.edit || !ended?.messages} why={may.edit ? "Its text is not kept." : needs("editor")} onClick={() => setSaving(true)}>
        Save as a dataset item
      </Button>
      <Button size="s" icon={<ListChecks size={12} aria-hidden />} disabled={!may.edit || !ended?.messages} why={may.edit ? "Its text is not kept." : needs("editor")} onClick={() => setAsking(true)}>
        Ask for review…
      </Button>
      <DeleteTexts execution={id} deletedAt={ended?.texts_deleted_at ?? null} ended={ended !== null} />
      {asking ? <AskReview execution={id} onClose={() => setAsking(false)} /> : null}
      {ended ? <SaveItem open={saving} onOpenChange={setSaving} item={{ executionId: id, prompt: ended.prompt ?? null, input: inputOf(ended), expected: correctionOf(ended) ?? ended.output ?? "" }} /> : null}
    </>
  );
}

function correctionOf(run: Execution): string | undefined {
  return run.feedback.findLast((one) => one.correction)?.correction ?? undefined;
}

/** `wide`: what is about the run stands beside what was said, where there is room. `wanted`: the comment that a link leads to. */
export function LoadedRun({ id, wide = false, wanted = "" }: { id: string; wide?: boolean; wanted?: string }) {
  return IS_ID.test(id) ? <KnownRun id={id} wide={wide} wanted={wanted} /> : <ErrorState error={NO_SUCH} />;
}

const NO_SUCH = new ApiError(404, { message: "No run has this id. One looks like 0196f0c2-7d1a-7c3e-9b1f-2f6f0a4f8d11: copy it whole, from an answer or the list of runs." });

function KnownRun({ id, wide, wanted }: { id: string; wide: boolean; wanted: string }) {
  const found = useRun(id);
  const queries = useQueryClient();
  useLiveEvents(["feedback.", "gap"], () => void invalidate(queries, ["/v1/executions/{execution_id}"]));
  return <Loaded of={found}>{(run) => (isUnderway(run) ? <UnderwayRun run={run} /> : <RunDetails run={run} wide={wide} wanted={wanted} />)}</Loaded>;
}

function UnderwayRun({ run }: { run: Underway }) {
  return (
    <Notice title={run.status === "queued" ? "Waiting for its turn." : "Running."}>
      Since <RelativeTime at={run.created_at} />. What comes of it is shown here by itself.
    </Notice>
  );
}

/** All that is known of an execution that has ended. */
export function RunDetails({ run, wide, wanted = "" }: { run: Execution; wide: boolean; wanted?: string }) {
  const where = run.error ? whereToLook(run.error, run.model) : null;
  return (
    <div className="flex min-w-0 flex-col gap-6">
      <div className="flex flex-wrap items-center gap-2">
        <StatusBadge status={run.status} />
        {run.prompt ? (
          <TextLink to={`/prompts/${run.prompt}`} search={run.version === null ? undefined : { version: run.version }} className="font-mono text-13 wrap-anywhere">
            {run.prompt}
            {run.version === null ? "" : ` v${run.version}`}
          </TextLink>
        ) : null}
        {run.label ? <Badge>{run.label}</Badge> : null}
        <Badge mono>{run.model}</Badge>
        {run.lane === "interactive" ? null : <Badge tone="accent">{run.lane}</Badge>}
        {run.cached ? <Badge tone="ok">from the cache</Badge> : null}
        {run.simulated ? <SimulatedBadge /> : null}
      </div>
      <Numbers run={run} />
      {run.error ? (
        <Notice tone="bad" title={run.error.code} action={where ? <TextLink to={where.to} search={where.search}>{where.words}</TextLink> : undefined}>
          {spaced(run.error.message)} {where?.advice}
        </Notice>
      ) : null}
      <div className={classes("grid min-w-0 grid-cols-1 gap-6", wide && "lg:grid-cols-[minmax(0,1fr)_22rem] lg:gap-8")}>
        <div className="flex min-w-0 flex-col gap-6">
          <Answer run={run} />
          <Feedback key={run.id} run={run} />
          <Scores scores={run.scores} />
          <RunComments key={`comments ${run.id} ${wanted}`} of="execution" id={run.id} wanted={wanted} />
          <Section title="What was sent">{run.messages ? <MessageList messages={run.messages} /> : <p className="text-13 text-muted">{run.texts_deleted_at ? <>The texts of this run were deleted <RelativeTime at={run.texts_deleted_at} />. The audit log says by whom.</> : "The text of this run is not kept: the workspace stores none, the call said store: false, or it was forgotten."}</p>}</Section>
          <Variables variables={run.variables} />
          <Attempts run={run} />
        </div>
        <div className="flex min-w-0 flex-col gap-6">
          <CostSplit run={run} />
          <About run={run} />
        </div>
      </div>
    </div>
  );
}

function Numbers({ run }: { run: Execution }) {
  const { usage, latency_ms: whole, first_token_ms: first } = run;
  const perSecond = first !== null && whole > first && usage.output_tokens > 1 ? (usage.output_tokens / (whole - first)) * 1000 : null;
  return (
    <Figures
      figures={[
        { label: "Time", value: duration(whole), note: first === null ? "not streamed" : `first token ${duration(first)}` },
        { label: "Tokens out", value: count(usage.output_tokens), note: perSecond === null ? "" : `${count(Math.round(perSecond))} a second` },
        { label: "Tokens in", value: count(usage.input_tokens), note: usage.cached_input_tokens ? `${count(usage.cached_input_tokens)} cached` : "" },
        { label: "Cost", value: money(run.cost_nusd), note: "" },
      ]}
    />
  );
}

function Variables({ variables }: { variables: Execution["variables"] }) {
  const given = Object.entries(variables ?? {});
  if (given.length === 0) return null;
  return (
    <Section title="Variables">
      <Facts facts={given.map(([name, value]) => [name, <VariableValue key={name} name={name} value={value} />] as const)} />
    </Section>
  );
}

function VariableValue({ name, value }: { name: string; value: unknown }) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (isPicture(value)) return <FileList large label={`Files of ${name}`} files={[{ id: name, name: "Picture", part: ofPicture(value) }]} />;
  return <Prose text={withoutBytes(text)} plain className="text-13" />;
}

function Answer({ run }: { run: Execution }) {
  const { user } = useSession();
  const mine = run.feedback.findLast((one) => one.kind === "thumb" && one.user_id === user.email)?.thumb;
  return (
    <Section
      title="Answer"
      actions={
        <>
          <Thumbs executionId={run.id} given={mine} />
          {run.output ? <CopyButton text={run.output} label="Copy the answer" /> : null}
        </>
      }
    >
      <div className="rounded-m border border-line bg-panel p-3">{run.output ? <Prose text={run.output} /> : <p className="text-13 text-muted">{run.messages === null ? "Not kept." : run.tool_calls ? "The model called tools." : run.status === "success" ? "Empty." : "Nothing came."}</p>}</div>
      {run.tool_calls ? <JsonView label="Tool calls" value={run.tool_calls} /> : null}
      {run.output_json !== null && run.output_json !== undefined ? <JsonView label="Read as JSON" value={run.output_json} /> : null}
    </Section>
  );
}

function CostSplit({ run }: { run: Execution }) {
  const parts = costParts(run);
  return (
    <Section title="Cost">
      <Facts
        className="max-w-md [&_dd]:text-right"
        facts={[
          ["The answer", <Money key="model" nusd={parts.model} />],
          parts.failed > 0 && ["Attempts before it", <Money key="failed" nusd={parts.failed} />],
          parts.markup > 0 && ["Use of Burnish's key", <Money key="markup" nusd={parts.markup} />],
          run.cost_nusd > parts.model && ["Together", <strong key="sum" className="font-semibold"><Money nusd={run.cost_nusd} /></strong>],
        ]}
      />
      <p className="text-12 text-muted">
        {run.imported === undefined ? KEYS[run.key_source ?? "none"] : "It was made and paid elsewhere."}
        {run.imported?.reported_cost_nusd != null ? ` Its source said ${money(run.imported.reported_cost_nusd)}.` : ""}
      </p>
    </Section>
  );
}

const KEYS: Record<string, string> = { own: "Paid to the provider by your own key.", platform: "By the operator's key, from your credit.", none: "This model needs no key." };

const KEY_USED: Record<string, string> = { own: "Yours", platform: "Operator's", none: "None" };

const ATTEMPTS: Column<Attempt & { number: number }>[] = [
  { key: "number", head: "#", width: "w-8", cell: (row) => row.number },
  { key: "model", head: "Model", cell: (row) => <span className="font-mono wrap-anywhere">{row.model}</span> },
  { key: "status", head: "Status", cell: (row) => <span className="inline-flex flex-wrap items-center gap-1.5"><StatusBadge status={row.status} />{row.http_status ? <span className="text-12 text-muted">{row.http_status}</span> : null}{row.error ? <span className="text-12 text-muted wrap-anywhere">{row.error}</span> : null}</span> },
  { key: "whose", head: "Key", hideBelow: "sm", cell: (row) => KEY_USED[row.key_source ?? ""] ?? "–" },
  { key: "time", head: "Time", align: "end", cell: (row) => <Duration ms={row.latency_ms} /> },
  { key: "tokens", head: "Tokens", align: "end", hideBelow: "sm", cell: (row) => count(row.input_tokens + row.output_tokens) },
  { key: "cost", head: "Cost", align: "end", cell: (row) => <Money nusd={row.cost_nusd} /> },
];

function Attempts({ run }: { run: Execution }) {
  if (run.attempts.length === 0) return null;
  return (
    <Section title="Attempts" description={run.attempts.length > 1 ? "One after the other, until one succeeded or none was left." : undefined}>
      <Table label="Attempts" columns={ATTEMPTS} rows={run.attempts.map((one, index) => ({ ...one, number: index + 1 }))} rowKey={(row) => String(row.number)} />
    </Section>
  );
}

function About({ run }: { run: Execution }) {
  const [raw, setRaw] = useState(false);
  const settings = Object.entries(run.settings ?? {});
  return (
    <Section
      title="About this run"
      actions={
        <Button size="s" variant="ghost" icon={<Braces size={12} aria-hidden />} aria-expanded={raw} onClick={() => setRaw(!raw)}>
          As JSON
        </Button>
      }
    >
      {raw ? <JsonView label="The run" value={run} /> : null}
      <Facts
        facts={[
          run.imported ? ["Ended", moment(run.finished_at, { seconds: true })] : ["Begun", moment(run.created_at, { seconds: true })],
          run.imported !== undefined && ["Came in", moment(run.created_at, { seconds: true })],
          ["Run", <Id key="run" id={run.id} />],
          Boolean(run.request_id) && ["Request", <Id key="request" id={run.request_id} />],
          Boolean(run.previous_id) && ["Goes on from", <TextLink key="previous" to={`/runs/${run.previous_id}`} className="font-mono wrap-anywhere">{run.previous_id}</TextLink>],
          run.session_id !== null && ["Session", <TextLink key="session" to={`/sessions/${encodeURIComponent(run.session_id)}`}>{run.session_id}</TextLink>],
          run.user_id !== null && ["End user", <span key="user" className="flex flex-wrap gap-x-2 gap-y-2.5"><TextLink to="/runs" search={{ user: run.user_id }}>{run.user_id}</TextLink><EraseLink user={run.user_id} /></span>],
          run.app !== null && ["Application", run.app],
          run.job_id !== null && ["Job", <TextLink key="job" to="/runs" search={{ job: run.job_id }}>{run.job_id}</TextLink>],
          run.imported !== undefined && ["Imported", `${run.imported.source}: ${run.imported.id}`],
          ["Provider", run.provider],
          run.finish_reason !== null && ["Ended by", run.finish_reason.replaceAll("_", " ")],
          ...settings.map(([name, value]) => [name, <code key={name} className="text-12">{typeof value === "string" ? value : JSON.stringify(value)}</code>] as const),
          ...Object.entries(run.metadata ?? {}).map(([name, value]) => [`metadata: ${name}`, <code key={name} className="text-12">{typeof value === "string" ? value : JSON.stringify(value)}</code>] as const),
        ]}
      />
    </Section>
  );
}

function Id({ id }: { id: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <code className="text-12 break-all">{id}</code>
      <CopyButton text={id} label="Copy the id" className="-my-1" />
    </span>
  );
}
