import { Pause, Play, RotateCw, Square } from "lucide-react";
import { Suspense, useState } from "react";
import { useDatasetNames } from "@/api/choices";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, ButtonLink, ConfirmDialog, DownloadMenu, Facts, Figures, Loaded, Money, Notice, Page, RelativeTime, SimulatedBadge, SkeletonText, StatusBadge, Tabs, TextLink, toast, toastError } from "@/kit";
import { EndSaid } from "@/kit/EndSaid";
import { whereToLook } from "@/kit/execution/trouble";
import { Progress } from "@/kit/Progress";
import { Waits } from "@/kit/Waits";
import { later } from "@/lib/later";
import { usePathParam } from "@/lib/pages";
import { count, duration, money, percent, percentRange, plural, spaced } from "@/lib/format";
import { FailedCases } from "./FailedCases";
import { Matrix } from "./Matrix";
import { useUrlState } from "@/lib/url-state";
import { type Evaluated, type Result, type Run, answersOf, cameBefore, isGoingOn, isPaused, modelsOf, resultOf, slugOf, testedOf } from "./model";
import { shape } from "./shape";

// Charts come when they are looked at.
const Against = later(() => import("./Against"));

export default function TestRunPage() {
  const id = usePathParam("id");
  const [watched, setWatched] = useState(true);
  const found = useRead("/v1/test-runs/{run_id}", { path: { run_id: id } }, { refetchInterval: watched ? 1_000 : false });
  const run = found.data;
  if (run && watched !== isGoingOn(run.status)) setWatched(isGoingOn(run.status));
  return (
    <Page
      title={run ? `Test run of ${testedOf(run)}` : "Test run"}
      back={{ to: "/test-runs", label: "Test runs" }}
      heading={
        run ? (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="font-mono text-20">{testedOf(run)}</span>
            <StatusBadge status={run.status} />
            {run.simulated ? <SimulatedBadge /> : null}
          </span>
        ) : undefined
      }
      subtitle={run ? <About run={run} /> : undefined}
      actions={run ? <Acts run={run} /> : null}
    >
      <Loaded of={found}>{(one) => <Content run={one} />}</Loaded>
    </Page>
  );
}

function About({ run }: { run: Run }) {
  const nameOf = useDatasetNames();
  return (
    <span className="text-13">
      <TextLink to={`/datasets/${run.dataset_id}`}>{nameOf(run.dataset_id) ?? "a dataset"}</TextLink>, {run.split}, dataset version {run.dataset_version} · {run.chain ? <>the chain <TextLink to={`/chains/${run.chain.slug}`}>{run.chain.slug}</TextLink>, by {modelsOf(run).join(", ") || "no model"}</> : run.model}
      {run.judge ? `, judged by ${run.judge}` : ""}
      {run.repeats > 1 ? ` · ${run.repeats} times each` : ""}
      {run.failed_of ? (
        <>
          {" "}
          · only what failed in <TextLink to={`/test-runs/${run.failed_of}`}>another run</TextLink>
        </>
      ) : null}
      {run.group_id ? (
        <>
          {" "}
          · <TextLink to="/test-runs" search={{ group: run.group_id }}>started with others</TextLink>
        </>
      ) : null}{" "}
      · <RelativeTime at={run.created_at} />
    </span>
  );
}

function Acts({ run }: { run: Run }) {
  const [asking, setAsking] = useState(false);
  const may = useMay();
  const cancel = useChange("post", "/v1/test-runs/{run_id}/cancel", { invalidates: ["/v1/test-runs"] });
  const pause = useChange("post", "/v1/test-runs/{run_id}/pause", { invalidates: ["/v1/test-runs"] });
  const resume = useChange("post", "/v1/test-runs/{run_id}/resume", { invalidates: ["/v1/test-runs"] });
  const path = { run_id: run.id };
  if (!isGoingOn(run.status) && !isPaused(run.status)) {
    const scored = resultOf(run).evaluators.map((one) => one.id);
    const again = { new: "1", ...(run.chain ? { chain: run.chain.slug } : { prompt: run.prompt ?? "" }), version: String(run.version), dataset: run.dataset_id, split: run.split, ...(run.model === null || run.model === "auto" ? {} : { model: run.model }), ...(run.judge ? { judge: run.judge } : {}), ...(scored.length > 0 ? { evaluators: scored.join(",") } : {}), ...(run.repeats > 1 ? { times: String(run.repeats) } : {}) };
    const hasFailed = run.status === "completed" && resultOf(run).failed.length > 0;
    return may.edit ? (
      <>
        {hasFailed ? (
          <ButtonLink to="/test-runs" search={{ ...again, failed_of: run.id }}>
            Run failed again
          </ButtonLink>
        ) : null}
        <ButtonLink to="/test-runs" search={run.failed_of ? { ...again, failed_of: run.failed_of } : again} icon={<RotateCw size={14} aria-hidden />}>
          Run again
        </ButtonLink>
      </>
    ) : (
      <Button icon={<RotateCw size={14} aria-hidden />} disabled why={needs("editor")}>
        Run again
      </Button>
    );
  }
  const submit = () =>
    cancel.mutate(
      { path: { run_id: run.id } },
      {
        onSuccess: () => {
          setAsking(false);
          toast("The test run stops; what came stays");
        },
      },
    );
  return (
    <>
      {isPaused(run.status) ? (
        <Button variant="primary" icon={<Play size={12} aria-hidden />} busy={resume.isPending} onClick={() => resume.mutate({ path }, { onSuccess: () => toast("It goes on where it was"), onError: toastError })} disabled={!may.edit} why={needs("editor")}>
          Resume
        </Button>
      ) : (
        <Button icon={<Pause size={12} aria-hidden />} busy={pause.isPending} onClick={() => pause.mutate({ path }, { onSuccess: () => toast("It pauses; what is on its way still comes"), onError: toastError })} disabled={!may.edit} why={needs("editor")}>
          Pause
        </Button>
      )}
      <Button icon={<Square size={12} aria-hidden />} onClick={() => setAsking(true)} disabled={!may.edit} why={needs("editor")}>
        Cancel run
      </Button>
      <ConfirmDialog open={asking} onOpenChange={setAsking} title="Cancel this test run?" submit="Cancel the run" cancel="Keep it running" onSubmit={submit} busy={cancel.isPending} error={cancel.error}>
        It stops within seconds. Answers that came are paid for and stay; what was set aside for the rest comes back.
      </ConfirmDialog>
    </>
  );
}

function endOf({ status }: Run, { metrics }: Result): string {
  const right = status === "completed" && metrics?.total ? ` ${count(metrics.correct)} of ${count(metrics.total)} are right.` : "";
  return `The test run is ${status}.${right}`;
}

/** Why, how far it came (its figures are of that alone), and where what it lacked can be had. */
function Failed({ error, came }: { error: Record<string, unknown>; came: string }) {
  const { code, message } = error as { code?: string; message?: string };
  const where = code ? whereToLook({ code }, "") : null;
  return (
    <Notice tone="bad" title="It failed.">
      {spaced(message ?? "")} {came}{" "}
      {where && where.to !== "/models" ? (
        <TextLink to={where.to} search={where.search}>
          {where.words}
        </TextLink>
      ) : null}
    </Notice>
  );
}

function Content({ run }: { run: Run }) {
  const [{ tab }, set] = useUrlState(shape);
  const result = resultOf(run);
  const { done, total } = run.progress as { done: number; total: number };
  return (
    <div className="flex min-w-0 flex-col gap-8">
      <EndSaid end={isGoingOn(run.status) ? null : endOf(run, result)} />
      <div className="flex flex-col gap-3">
        {isPaused(run.status) ? <Notice title="Paused.">Nothing more is asked until it is resumed. What was answered is not asked, or paid, again; credit for the rest stays set aside.</Notice> : null}
        {isGoingOn(run.status) || isPaused(run.status) ? <Progress label="Answers" done={done} total={total} words={run.status === "pending" ? `Waiting to begin: ${count(total)} answers` : `${count(done)} of ${count(total)} answers`} /> : null}
        {isGoingOn(run.status) ? <Waits of={run.waits_for} prompt={slugOf(run)} /> : null}
        {run.error ? <Failed error={run.error} came={cameBefore(answersOf(result.metrics), total)} /> : null}
        {run.status === "cancelled" ? <Notice title="Cancelled.">{cameBefore(answersOf(result.metrics), total)}</Notice> : null}
        <Score result={result} goesOn={isGoingOn(run.status) || isPaused(run.status)} judgedFor={run.judge ? run.spent_nusd : null} />
      </div>
      {result.metrics ? (
        <>
          <Matrix result={result} />
          <div className="flex">
            <DownloadMenu label="Download all answers" path={`/v1/test-runs/${run.id}/file`} name={`test-run-${slugOf(run)}-v${run.version}`} />
          </div>
          <Tabs
            label="Parts of this test run"
            value={tab}
            onChange={(next) => set({ tab: next }, { push: true })}
            tabs={[
              { id: "failed", label: "Failed cases", count: count(result.failed.length + result.leftOut), content: <FailedCases run={run} result={result} /> },
              { id: "compare", label: "Compare", content: <Suspense fallback={<SkeletonText />}><Against run={run} result={result} /></Suspense> },
              ...(result.evaluators.length > 0 ? [{ id: "evaluators" as const, label: "Evaluators", count: count(result.evaluators.length), content: <Evaluators evaluators={result.evaluators} /> }] : []),
            ]}
          />
        </>
      ) : null}
    </div>
  );
}

function Score({ result, goesOn, judgedFor }: { result: Result; goesOn: boolean; judgedFor: number | null }) {
  const { metrics, costNusd, latency, evaluators } = result;
  if (!metrics && !goesOn) return null;
  const [answers, open] = [answersOf(metrics), metrics?.without_right_answer ?? 0];
  const each = answers && costNusd !== null ? costNusd / answers : null;
  return (
    <Figures
      label="What came"
      figures={[
        { label: "Right", value: percent(metrics?.overall_accuracy), note: metrics?.total ? `${percentRange(metrics.interval.low, metrics.interval.high)} at 95 %` : "" },
        { label: "Right answers", value: metrics?.total || !open ? (metrics ? `${count(metrics.correct)} of ${count(metrics.total)}` : "–") : "–", note: [open ? `${plural(open, "answer")} beside, without a right one` : "", goesOn ? "so far" : ""].filter(Boolean).join("; ") },
        ...evaluators.slice(0, open ? 2 : 0).map((one) => ({ label: one.name, value: one.mean_score === null ? "–" : one.mean_score.toFixed(2), note: one.n ? `${percent(one.passed / one.n)} passed of ${count(one.n)}` : "" })),
        { label: "Without answer", value: metrics ? count(metrics.errors) : "–", note: metrics?.errors ? "see the failed cases" : "" },
        { label: "Cost", value: money(costNusd), note: each === null ? "" : judgedFor === null ? `${money(each)} each` : `${money(each)} each; ${money(judgedFor)} with what judged` },
        { label: "Latency p50", value: duration(latency?.p50), note: latency?.p95 ? `p95 ${duration(latency.p95)}` : "" },
      ]}
    />
  );
}

function Evaluators({ evaluators }: { evaluators: readonly Evaluated[] }) {
  return (
    <div className="flex flex-col gap-3">
      <p className="text-13 text-muted">Answers that one of them did not let pass stand under Failed cases, with its reason; what it gave each answer is in the file of all answers.</p>
      <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
        {evaluators.map((one) => (
          <div key={one.id} className="rounded-l border border-line bg-panel p-4">
            <h3 className="mb-2 text-14 font-semibold wrap-anywhere">
              {one.name} <span className="text-12 font-normal text-muted">v{one.version}</span>
            </h3>
            <Facts
              facts={[
                ["Passed", one.n ? `${percent(one.passed / one.n)} (${percentRange(one.interval.low, one.interval.high)})` : "–"],
                ["Mean score", one.mean_score === null ? "–" : one.mean_score.toFixed(2)],
                ["Scored", count(one.n)],
                one.cost_nusd > 0 && ["Cost", <Money key="c" nusd={one.cost_nusd} />],
                one.without_score > 0 && ["Without score", `${count(one.without_score)}: ${one.why_without ?? ""}`],
              ]}
            />
          </div>
        ))}
      </div>
    </div>
  );
}

