import { useQueryClient } from "@tanstack/react-query";
import { Square } from "lucide-react";
import { Suspense, useEffect, useMemo, useState } from "react";
import { useDatasetNames } from "@/api/choices";
import { invalidate, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { stream } from "@/api/stream";
import { Button, ButtonLink, ConfirmDialog, EmptyState, Facts, Figures, Loaded, Money, Notice, Page, RelativeTime, Section, SimulatedBadge, StatusBadge, TextLink, toast } from "@/kit";
import { EndSaid } from "@/kit/EndSaid";
import { Progress } from "@/kit/Progress";
import { Waits } from "@/kit/Waits";
import { later } from "@/lib/later";
import { usePathParam } from "@/lib/pages";
import { count, duration, money, points, spaced } from "@/lib/format";
import { useNow } from "@/lib/use-now";
import { Anchored } from "./Anchored";
import { PLANE_PX } from "./generations";
import { JobGenerations } from "./JobGenerations";
import { Proposals } from "./Proposals";
import { Report, type Told as Report_ } from "./Report";
import { type Edit, type Job, type Progress as Far, type Test, anchorsOf, askedFor, dotsOf, isGoingOn, isRightOrWrong, isSimulated, keepsGenerations, listsOf, methodName, metricsOf, progressOf, startedBy, statusNow, sumOf, waitingWords, whyEnded, whyNoEdits } from "./model";

/** About as high as what comes, so that what is below stays where it is. */
const PROVEN_PX = 308;
const CURVES_PX = 308;

const Charts = later(() => import("./Charts"));
const EditPlane = later(() => import("./EditPlane"));

const LOOK_AGAIN_MS = 5_000;

export default function OptimizationPage() {
  const id = usePathParam("id");
  const [watched, setWatched] = useState(true);
  const found = useRead("/v1/optimizations/{job_id}", { path: { job_id: id } }, { refetchInterval: watched ? LOOK_AGAIN_MS : false });
  const job = found.data;
  const goesOn = job !== undefined && isGoingOn(job.status);
  if (job && watched !== goesOn) setWatched(goesOn);
  const told = useProgress(id, goesOn);
  const far = job && (goesOn && told && told.evaluations >= progressOf(job).evaluations ? told : progressOf(job));
  return (
    <Page
      title={job ? `Search for ${job.prompt}` : "Search"}
      back={{ to: "/optimize", label: "Optimize" }}
      heading={
        job ? (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="font-mono text-20">
              {job.prompt} v{job.base_version}
            </span>
            <StatusBadge status={statusNow(job.status, far?.evaluations ?? 0)} />
            {isSimulated(job) ? <SimulatedBadge /> : null}
          </span>
        ) : undefined
      }
      subtitle={job ? <About job={job} /> : undefined}
      actions={job ? <Acts job={job} /> : null}
    >
      {job ? <EndSaid end={goesOn ? null : `The search is ${job.status}. ${job.suggestion_id ? "There is a suggestion." : "No suggestion."}`} /> : null}
      <Loaded of={found}>{(one) => <Content job={one} far={far ?? progressOf(one)} />}</Loaded>
    </Page>
  );
}

/** How far the job is, as it tells; null before it has told anything. */
function useProgress(id: string, goesOn: boolean): Far | null {
  const [told, setTold] = useState<Far | null>(null);
  const queries = useQueryClient();
  useEffect(() => {
    if (!goesOn) return undefined;
    const leaving = new AbortController();
    // A line that broke is no harm: the job is read again every few seconds anyhow.
    follow(id, leaving.signal, setTold, () => void invalidate(queries, ["/v1/optimizations", "/v1/suggestions"])).catch(() => undefined);
    return () => leaving.abort();
  }, [id, goesOn, queries]);
  return told;
}

async function follow(id: string, signal: AbortSignal, onProgress: (far: Far) => void, onDone: () => void): Promise<void> {
  for await (const { event, data } of stream(`/v1/optimizations/${id}/events`, { signal })) {
    if (event === "progress") onProgress((JSON.parse(data) as { progress: Far }).progress);
    if (event === "done") onDone();
  }
}

function About({ job }: { job: Job }) {
  const nameOf = useDatasetNames();
  const by = startedBy(job);
  return (
    <span className="text-13">
      <TextLink to={`/datasets/${job.dataset_id}`}>{nameOf(job.dataset_id) ?? "a dataset"}</TextLink>, dataset version {job.dataset_version} · {methodName(job.method)} · started {by ? <TextLink to={by.to}>{by.said}</TextLink> : null} <RelativeTime at={job.created_at} />
    </span>
  );
}

function Acts({ job }: { job: Job }) {
  const [asking, setAsking] = useState(false);
  const may = useMay();
  const cancel = useChange("post", "/v1/optimizations/{job_id}/cancel", { invalidates: ["/v1/optimizations", "/v1/credits"] });
  if (job.suggestion_id) {
    return (
      <ButtonLink variant="primary" to={`/optimize/suggestions/${job.suggestion_id}`}>
        Review the suggestion
      </ButtonLink>
    );
  }
  if (!isGoingOn(job.status)) {
    return may.edit ? (
      <ButtonLink to="/optimize" search={{ new: "1", prompt: job.prompt, dataset: job.dataset_id }}>
        Search again
      </ButtonLink>
    ) : null;
  }
  const submit = () =>
    cancel.mutate(
      { path: { job_id: job.id } },
      {
        onSuccess: () => {
          setAsking(false);
          toast("The search stops; what was not spent comes back");
        },
      },
    );
  return (
    <>
      <Button icon={<Square size={12} aria-hidden />} onClick={() => setAsking(true)} disabled={!may.edit} why={needs("editor")}>
        Cancel search
      </Button>
      <ConfirmDialog open={asking} onOpenChange={setAsking} title="Cancel this search?" submit="Cancel the search" cancel="Keep it running" onSubmit={submit} busy={cancel.isPending} error={cancel.error}>
        It stops within seconds and suggests nothing. <Money nusd={progressOf(job).spent_nusd} /> are spent; the rest of what was set aside comes back.
      </ConfirmDialog>
    </>
  );
}

function Content({ job, far }: { job: Job; far: Far }) {
  const goesOn = isGoingOn(job.status);
  const now = useNow(10_000);
  const test = (job.test ?? null) as Test | null;
  const why = whyEnded(job);
  const anchors = anchorsOf(job);
  const others = listsOf(job).flatMap((one) => (one.main ? [] : [one.model]));
  const dots = useMemo(() => dotsOf((job.edits ?? []) as unknown as Edit[]), [job.edits]);
  const plane =
    dots.length > 2 ? (
      <Suspense fallback={<div aria-busy style={{ minHeight: PLANE_PX }} />}>
        <EditPlane dots={dots} />
      </Suspense>
    ) : null;
  return (
    <div className="flex min-w-0 flex-col gap-8">
      <div className="flex flex-col gap-3">
        {goesOn ? <Progress label="Evaluations" done={far.evaluations} total={far.budget_evaluations} words={statusNow(job.status, far.evaluations) === "pending" ? waitingWords(now - Date.parse(job.created_at), job.waits_for) : `${count(far.evaluations)} of at most ${count(far.budget_evaluations)} evaluations`} /> : null}
        {goesOn ? <Waits of={job.waits_for} prompt={job.prompt} /> : null}
        {job.status === "completed" && why ? (
          <Notice tone={job.outcome === "improved" ? "ok" : "neutral"} title={job.outcome === "improved" ? "Improved." : "No suggestion."}>
            {why}
          </Notice>
        ) : null}
        {job.status === "cancelled" ? <Notice title="Cancelled.">Nothing was suggested.</Notice> : null}
        {job.error ? (
          <Notice tone="bad" title="It failed.">
            {spaced((job.error as { message?: string }).message ?? "")}
          </Notice>
        ) : null}
        <Figures
          label="Progress"
          figures={[
            { label: "Best new text, on train", value: far.best === null ? "–" : points(far.best), note: far.best === null || far.best <= 0 ? (goesOn ? "nothing was better yet" : "the version that is there stays ahead") : test ? "no proof; see below" : "proves nothing yet" },
            { label: "Evaluations", value: count(far.evaluations), note: `of at most ${count(job.budget["evaluations"])}` },
            { label: "Spent", value: money(far.spent_nusd), note: `of at most ${money(job.budget["nusd"])}` },
            { label: "Time", value: <Elapsed job={job} hasBegun={far.evaluations > 0} />, note: job.budget["seconds"] ? `of at most ${duration(job.budget["seconds"] * 1000)}` : "no limit" },
          ]}
        />
      </div>
      <Suspense fallback={<div aria-busy style={{ minHeight: test ? PROVEN_PX + CURVES_PX : CURVES_PX }} />}>
        <Charts test={test} isPlain={isRightOrWrong(metricsOf(job))} far={far} goesOn={goesOn} />
      </Suspense>
      {keepsGenerations(job.method) && far.evaluations > 0 ? <JobGenerations job={job} /> : null}
      <Report report={job.report as Report_} dataset={job.dataset_id} />
      <Section title="Proposals" description="What each did on the train items it was tried on; for those that were rejected or not taken, why.">
        {!goesOn && listsOf(job).some((one) => sumOf(one.counts) > 0) ? <Proposals job={job} plane={plane} /> : <EmptyState title={goesOn ? "Still searching" : "None listed"}>{whyNoEdits(job)}</EmptyState>}
      </Section>
      {anchors.length > 0 ? (
        <Section title="Items that must stay right" description="What the version gets right of these, the text that is suggested gets right too.">
          <Anchored dataset={job.dataset_id} anchors={anchors} />
        </Section>
      ) : null}
      <Section title="Settings">
        <Facts
          facts={[
            ["Answers by", job.models["task"]],
            ...(others.length > 0 ? [["Further models", others.join(", ")] as const] : []),
            ["Edits proposed by", job.models["reflect"]],
            ["Method", methodName(job.method)],
            ...(job.chain ? [["Tried in", `${job.chain.slug} v${job.chain.version}, as ${job.chain.step}`] as const] : []),
            ...askedFor(job).map(([name, value]) => [name, value] as const),
            ["Seed", String(job.seed)],
            ["Job", <span key="id" className="font-mono text-12 break-all">{job.id}</span>],
          ]}
        />
      </Section>
    </div>
  );
}

function Elapsed({ job, hasBegun }: { job: Job; hasBegun: boolean }) {
  const [now, setNow] = useState(Date.now);
  // Its beginning is read some seconds later; until then it is that of the order.
  const began = job.started_at ?? (hasBegun ? job.created_at : null);
  const goesOn = isGoingOn(job.status) && began !== null;
  useEffect(() => {
    if (!goesOn) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [goesOn]);
  if (!began) return <>{isGoingOn(job.status) ? "waiting" : "–"}</>;
  const end = job.finished_at ? new Date(job.finished_at).getTime() : now;
  return <>{duration(Math.max(0, end - new Date(began).getTime()))}</>;
}
