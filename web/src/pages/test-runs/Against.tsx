import { useMemo } from "react";
import { useRead } from "@/api/hooks";
import { Intervals } from "@/chart/Intervals";
import { Combobox, Loaded, TextLink } from "@/kit";
import { count, money, percent, points } from "@/lib/format";
import { useUrlState } from "@/lib/url-state";
import { type FailedCase, type Result, type Run, againstOther, resultOf, wordsOf } from "./model";
import { shape } from "./shape";

const SHOWN = 8;

/** This run beside another one over the same items: who is better, whether that could be chance, and which cases differ. */
export default function Against({ run, result }: { run: Run; result: Result }) {
  const [{ with: chosen }, set] = useUrlState(shape);
  const found = useRead("/v1/test-runs/summary", { query: { dataset_id: run.dataset_id, split: run.split as "test" } });
  const runs = useMemo(
    () => (found.data?.data ?? []).filter((one) => one.dataset_version === run.dataset_version).flatMap((one) => one.runs.filter((other) => other.test_run_id !== run.id)),
    [found.data, run],
  );
  const other = runs.find((one) => one.test_run_id === chosen) ?? runs.find((one) => one.prompt === run.prompt) ?? runs[0];
  if (!found.data && !found.error) return null;
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {runs.length > 0 ? (
          <Combobox className="self-start" label="Compared with" value={other?.test_run_id ?? null} onChange={(next) => set({ with: next ?? "" })} choices={runs.map((one) => ({ value: one.test_run_id, label: `${one.prompt} v${one.version}`, hint: `${percent(one.accuracy?.value)} · ${one.model}` }))} />
      ) : null}
      {other === undefined ? (
        <p className="text-13 text-muted">No other version has run on these items. Test another one on the same split, and it stands here.</p>
      ) : (
        <>
          <Intervals
            title="Right answers"
            unit="%, with 95 % intervals"
            rows={[
              { key: "own", label: `${run.prompt} v${run.version}`, value: result.metrics?.overall_accuracy ?? null, low: result.metrics?.interval.low ?? null, high: result.metrics?.interval.high ?? null, color: 1 },
              { key: "other", label: `${other.prompt} v${other.version}`, value: other.accuracy?.value ?? null, low: other.accuracy?.low ?? null, high: other.accuracy?.high ?? null, color: 2 },
            ]}
            format={(value) => percent(value)}
            formatTick={(value) => percent(value, 0)}
          />
          <Difference result={result} id={other.test_run_id} name={`${other.prompt} v${other.version}`} each={other.mean_cost_nusd ?? null} accuracy={other.accuracy?.value ?? null} />
        </>
      )}
    </div>
  );
}

function Difference({ result, id, name, each, accuracy }: { result: Result; id: string; name: string; each: number | null; accuracy: number | null }) {
  const found = useRead("/v1/test-runs/{run_id}", { path: { run_id: id } }, { staleTime: 60_000 });
  const own = result.metrics;
  const ownEach = own?.total && result.costNusd !== null ? result.costNusd / own.total : null;
  const gain = own?.overall_accuracy != null && accuracy !== null ? own.overall_accuracy - accuracy : null;
  return (
    <Loaded of={found}>
      {(other) => {
        const cases = other.id === id ? againstOther(result, resultOf(other)) : null;
        return (
          <div className="flex flex-col gap-3 text-13">
            <p>
              <strong className="font-semibold">{points(gain)}</strong> against <TextLink to={`/test-runs/${id}`}>{name}</TextLink>; {money(ownEach)} per answer instead of {money(each)}.
            </p>
            {cases ? (
              <div className="grid gap-4 sm:grid-cols-2">
                <Cases title={`${count(cases.fixed.length)} right only here`} cases={cases.fixed} />
                <Cases title={`${count(cases.broken.length)} right only there`} cases={cases.broken} />
                <p className="text-12 text-muted sm:col-span-2">{count(cases.both)} are wrong in both.</p>
              </div>
            ) : other.id === id ? (
              <p className="text-12 text-muted">One of the runs has more failed cases than are listed, so cases are not set side by side.</p>
            ) : null}
          </div>
        );
      }}
    </Loaded>
  );
}

function Cases({ title, cases }: { title: string; cases: readonly FailedCase[] }) {
  return (
    <div className="min-w-0">
      <h3 className="mb-1 text-13 font-medium">{title}</h3>
      <ul className="flex flex-col gap-1">
        {cases.slice(0, SHOWN).map((one) => (
          <li key={one.item_id} className="truncate text-12 text-muted" title={wordsOf(one.input)}>
            <span className="text-fg">{one.expected}</span> · {wordsOf(one.input)}
          </li>
        ))}
        {cases.length > SHOWN ? <li className="text-12 text-muted">and {count(cases.length - SHOWN)} more</li> : null}
      </ul>
    </div>
  );
}
