import { useState } from "react";
import type { Schema } from "@/api/client";
import { useForecast } from "@/api/forecast";
import { useChange, useRead } from "@/api/hooks";
import { useModels } from "@/api/models";
import { needs, useMay } from "@/api/session";
import { Badge, Button, Combobox, Facts, Field, FormDialog, Money, Prose, RelativeTime, Section, TextLink, errorFor, toast } from "@/kit";
import { count, plural } from "@/lib/format";
import { type FailedCase, type Run, isGoingOn, resultOf, wordsOf } from "./model";
import { type TestCase, casesOf, verdictOf } from "./cases";
import { whyNot } from "@/pages/prompts/why";

const NEVER_OLD = { staleTime: Number.POSITIVE_INFINITY };
const SHOWN = 20;

/** The test cases of a version, with what its newest run of them says of each; nothing where it has none. */
export function TestCases({ slug, version }: { slug: string; version: number }) {
  const whole = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version } }, NEVER_OLD);
  const cases = whole.data?.version === version ? casesOf(whole.data) : [];
  const runs = useRead("/v1/test-runs", { query: { prompt: slug, version, source: "test_cases", limit: 1 } }, { enabled: cases.length > 0 });
  const newest = runs.data?.data[0];
  const found = useRead("/v1/test-runs/{run_id}", { path: { run_id: newest?.id ?? "" } }, { enabled: newest !== undefined, refetchInterval: newest && isGoingOn(newest.status) ? 1_000 : false });
  const [isAsked, setAsked] = useState(false);
  const [all, setAll] = useState(false);
  const may = useMay();
  if (cases.length === 0) return null;
  const run = found.data?.id === newest?.id ? found.data : undefined;
  const failed = run ? resultOf(run).failed : [];
  return (
    <Section
      framed
      title="Test cases"
      actions={
        <Button disabled={!may.edit} why={may.edit ? undefined : (whyNot(may) ?? needs("editor"))} onClick={() => setAsked(true)}>
          Run the test cases…
        </Button>
      }
    >
      <div className="flex flex-col gap-3">
        <Newest run={run} isRead={runs.isFetched} />
        <ol aria-label="Cases" className="flex flex-col divide-y divide-line">
          {(all ? cases : cases.slice(0, SHOWN)).map((one) => (
            <Case key={one.key} one={one} run={run} failed={failed} />
          ))}
        </ol>
        {!all && cases.length > SHOWN ? (
          <Button size="s" onClick={() => setAll(true)}>
            Show all {count(cases.length)}
          </Button>
        ) : null}
      </div>
      {isAsked ? <Start slug={slug} version={version} isJudged={cases.some((one) => one.criteria.length > 0)} onClose={() => setAsked(false)} /> : null}
    </Section>
  );
}

function Newest({ run, isRead }: { run: Run | undefined; isRead: boolean }) {
  if (!run) return <p className="min-h-5 text-13 text-muted">{isRead ? "Nobody has run them on this version yet." : ""}</p>;
  const metrics = resultOf(run).metrics;
  const link = <TextLink to={`/test-runs/${run.id}`}>the whole run</TextLink>;
  if (isGoingOn(run.status)) return <p className="text-13">{`Running: ${count(run.progress.done as number)} of ${count(run.progress.total as number)}, `}{link}</p>;
  return (
    <p className="text-13">
      {metrics && run.status === "completed" ? `${count(metrics.correct)} of ${count(metrics.total)} right` : `The newest run is ${run.status}`}
      {run.simulated ? ", simulated" : ""} <span className="text-muted">{run.judge ? `by ${run.model}, judged by ${run.judge}, ` : `by ${run.model}, `}</span>
      {run.finished_at ? <RelativeTime at={run.finished_at} /> : null}: {link}
      {run.error ? <span className="block text-bad">{String(run.error.message ?? "")}</span> : null}
    </p>
  );
}

function Case({ one, run, failed }: { one: TestCase; run: Run | undefined; failed: readonly FailedCase[] }) {
  const verdict = verdictOf(one, run, failed);
  return (
    <li className="flex flex-col gap-1 py-2 text-13 wrap-anywhere">
      <span className="flex flex-wrap items-center gap-2">
        <span className="font-medium">{one.name}</span>
        {one.isMadeUp ? <Badge>made up</Badge> : null}
        {verdict === null ? null : verdict === true ? <Badge tone="ok">right</Badge> : <Badge tone="bad">wrong</Badge>}
      </span>
      <span className="line-clamp-3 text-muted">{wordsOf(one.input)}</span>
      {one.expected === null ? null : <span>Expected: {one.expected}</span>}
      {one.criteria.map((words) => (
        <span key={words}>Good where: {words}</span>
      ))}
      {verdict && verdict !== true ? (
        <span className="flex flex-col gap-1 rounded-m bg-bad-soft px-3 py-2">
          <Prose plain text={verdict.output ?? verdict.error?.message ?? "No answer came."} />
          {verdict.scores["criteria"]?.reason ? <span className="text-12 text-muted">{verdict.scores["criteria"].reason}</span> : null}
        </span>
      ) : null}
    </li>
  );
}

function Start({ slug, version, isJudged, onClose }: { slug: string; version: number; isJudged: boolean; onClose: () => void }) {
  const [judge, setJudge] = useState<string | null>(null);
  const { choices } = useModels();
  const body: Schema<"TestRunBody"> = { prompt: slug, version, source: "test_cases", ...(judge ? { judge } : {}) } as never;
  const forecast = useForecast("/v1/test-runs/forecast", body);
  const start = useChange("post", "/v1/test-runs", { invalidates: ["/v1/test-runs", "/v1/datasets"] });
  const error = start.error ?? forecast.error;
  const done = () => {
    onClose();
    toast(`The test cases of v${version} are running`);
  };
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title={`Run the test cases of v${version}`} description="Each answer is right where it is the expected one and meets the criteria. Versions with the same cases can be compared afterwards." submit="Run" busy={start.isPending} error={error} disabled={Boolean(forecast.error) || forecast.isStale} onSubmit={() => start.mutate({ body }, { onSuccess: done })}>
      {isJudged ? (
        <Field label="Who judges the criteria" error={errorFor(error, "judge")}>
          <Combobox label="Who judges the criteria" value={judge} onChange={setJudge} placeholder="The model that answers, or the simulated judge" choices={choices} className="w-full" />
        </Field>
      ) : null}
      <div className="min-h-16 rounded-m bg-sunken px-3 py-2.5" aria-live="polite" aria-busy={forecast.isStale || undefined}>
        {forecast.data && !forecast.isStale ? (
          <Facts
            facts={[
              ["Answers", `${plural(forecast.data.items, "case")} by ${forecast.data.model}`],
              ["Costs at most about", <Money key="c" nusd={forecast.data.forecast.cost_nusd} />],
            ]}
          />
        ) : (
          <p className="text-13 text-muted">{forecast.error ? "It cannot start like this." : "Counting…"}</p>
        )}
      </div>
    </FormDialog>
  );
}
