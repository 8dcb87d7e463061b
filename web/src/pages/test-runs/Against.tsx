import { useMemo } from "react";
import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { Intervals } from "@/chart/Intervals";
import { Badge, Combobox, Loaded, Notice, Table, TextLink } from "@/kit";
import { count, money, percent, points, pointsRange } from "@/lib/format";
import { useUrlState } from "@/lib/url-state";
import { Changes } from "./Changes";
import { type Comparison, type Result, type Run, type Sides, answersOf, groundsOf, isGoingOn, isPaused, modelsOf, slugOf, testedOf } from "./model";
import { shape } from "./shape";

/** This run beside another one over the same items: who is better, whether that could be chance, and which cases differ. Of completed runs only. */
export default function Against({ run, result }: { run: Run; result: Result }) {
  if (run.status === "completed") return <Beside run={run} result={result} />;
  const waits = isGoingOn(run.status) || isPaused(run.status);
  return <p className="text-13 text-muted">{waits ? "It can be compared with others once it is completed." : "Only completed test runs are compared, and this one was not completed."}</p>;
}

function Beside({ run, result }: { run: Run; result: Result }) {
  const [{ with: chosen }, set] = useUrlState(shape);
  const found = useRead("/v1/test-runs/summary", { query: { dataset_id: run.dataset_id, split: run.split as "test" } });
  const runs = useMemo(
    () => (found.data?.data ?? []).filter((one) => one.dataset_version === run.dataset_version).flatMap((one) => one.runs.filter((other) => other.test_run_id !== run.id)),
    [found.data, run],
  );
  const other = runs.find((one) => one.test_run_id === chosen) ?? runs.find((one) => slugOf(one) === slugOf(run) && (one.prompt === null) === (run.prompt === null)) ?? runs[0];
  if (!found.data && !found.error) return null;
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {runs.length > 0 ? (
          <Combobox className="self-start" label="Compared with" value={other?.test_run_id ?? null} onChange={(next) => set({ with: next ?? "" })} choices={runs.map((one) => ({ value: one.test_run_id, label: testedOf(one), hint: `${percent(one.accuracy?.value)} · ${one.model ?? "a chain"}` }))} />
      ) : null}
      {other === undefined ? (
        <p className="text-13 text-muted">No other version has run on these items. Test another one on the same split, and it stands here.</p>
      ) : (
        <>
          {result.metrics?.overall_accuracy != null || other.accuracy ? <Intervals
            title="Right answers"
            unit="%, with 95 % intervals"
            rows={[
              { key: "own", label: testedOf(run), value: result.metrics?.overall_accuracy ?? null, low: result.metrics?.interval.low ?? null, high: result.metrics?.interval.high ?? null, color: 1 },
              { key: "other", label: testedOf(other), value: other.accuracy?.value ?? null, low: other.accuracy?.low ?? null, high: other.accuracy?.high ?? null, color: 2 },
            ]}
            format={(value) => percent(value)}
            formatTick={(value) => percent(value, 0)}
          /> : null}
          <Difference run={run.id} base={other.test_run_id} names={namesOf(run, other)} own={result} each={other.mean_cost_nusd ?? null} />
        </>
      )}
    </div>
  );
}

/** A score as a difference is written: with its sign. */
const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

const TONES = { better: "ok", worse: "bad", no_difference: "neutral", too_small: "warn" } as const;
const VERDICTS: Record<Comparison["verdict"], string> = { better: "better", worse: "worse", no_difference: "no difference", too_small: "too few items to say" };

/** By version; by model too where the version is the same, or they would have one name. */
function namesOf(run: Run, other: Schema<"ComparedRun">): Sides {
  const [here, there] = [testedOf(run), testedOf(other)];
  return here === there ? { run: `${here}, ${modelsOf(run).join(", ")} (this run)`, base: `${there}, ${other.model ?? "a chain"}` } : { run: here, base: there };
}

/** What each evaluator says of both runs, and whether the difference could be chance. */
function Scores({ evaluators }: { evaluators: Comparison["evaluators"] }) {
  return (
    <Table
      label="By evaluator"
      rows={evaluators}
      rowKey={(row) => row.id}
      columns={[
        { key: "name", head: "Evaluator", cell: (row) => <span className="wrap-anywhere">{row.name} <span className="text-12 text-muted">v{row.version}</span></span> },
        { key: "here", head: "Here", align: "end", cell: (row) => row.run.toFixed(2) },
        { key: "there", head: "There", align: "end", cell: (row) => row.base.toFixed(2) },
        {
          key: "difference",
          head: "Difference",
          align: "end",
          cell: (row) => (
            <span className="numeric block">
              {signed(row.difference.value)} <span className="block text-12 text-muted">95 %: {signed(row.difference.low)} to {signed(row.difference.high)}</span>
            </span>
          ),
        },
        { key: "changed", head: "Higher / lower", align: "end", hideBelow: "sm", cell: (row) => `${count(row.higher)} / ${count(row.lower)} of ${count(row.items)}` },
        { key: "verdict", head: "So", cell: (row) => <Badge tone={TONES[row.verdict]}>{VERDICTS[row.verdict]}</Badge> },
      ]}
    />
  );
}

/** What changed from the base to this run, item by item, and whether that could be chance. */
function Difference({ run, base, names, own, each }: { run: string; base: string; names: Sides; own: Result; each: number | null }) {
  const found = useRead("/v1/test-runs/{run_id}/compare/{base_id}", { path: { run_id: run, base_id: base } }, { staleTime: 60_000 });
  const answers = answersOf(own.metrics);
  const ownEach = answers && own.costNusd !== null ? own.costNusd / answers : null;
  return (
    <Loaded of={found}>
      {(one) => (
        <div className="flex flex-col gap-4 text-13">
          <div className="flex flex-col gap-1">
            <p className="flex flex-wrap items-center gap-2">
              {one.difference ? (
                <>
                  <strong className="font-semibold">{points(one.difference.value)}</strong>
                  <span className="numeric text-muted">95 %: {pointsRange(one.difference.low, one.difference.high)}</span>
                  <Badge tone={TONES[one.verdict]}>{VERDICTS[one.verdict]}</Badge>
                </>
              ) : (
                <span>No item has a right answer.</span>
              )}
              <span>
                against <TextLink to={`/test-runs/${base}`}>{names.base}</TextLink>; {money(ownEach)} per answer instead of {money(each)}.
              </span>
            </p>
            {one.difference ? <p className="numeric text-12 text-muted">{groundsOf(one)}</p> : null}
          </div>
          {one.test_reads !== null && one.test_reads > 5 ? <Notice tone="warn">Test runs have read this test split {count(one.test_reads)} times. Who chooses by it makes it less of a proof.</Notice> : null}
          {one.evaluators.length > 0 ? <Scores evaluators={one.evaluators} /> : null}
          {one.categories.length > 1 ? (
            <Table
              label="By category"
              rows={one.categories}
              rowKey={(row) => row.category}
              columns={[
                { key: "category", head: "Category", cell: (row) => <span className="wrap-anywhere">{row.category}</span> },
                { key: "items", head: "Items", align: "end", cell: (row) => count(row.items) },
                { key: "here", head: "Here", align: "end", cell: (row) => percent(row.accuracy) },
                { key: "there", head: "There", align: "end", cell: (row) => percent(row.base) },
                { key: "fixed", head: "Fixed / broken", align: "end", hideBelow: "sm", cell: (row) => `${count(row.fixed)} / ${count(row.broken)}` },
              ]}
            />
          ) : null}
          {one.items > 0 ? <Changes run={run} base={base} comparison={one} names={names} /> : null}
        </div>
      )}
    </Loaded>
  );
}
