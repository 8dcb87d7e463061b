import type { ApiError } from "@/api/errors";
import { useAll } from "@/api/hooks";
import { Field, Input, Select, errorFor } from "@/kit";
import { NEED_EXPECTED } from "@/pages/evaluators/evaluator";
import type { Draft } from "./workspace";

type Props = { draft: Draft; onChange: (changed: Partial<Draft>) => void; off: boolean; fault: string | undefined; error: ApiError | null };

/** By what a test run opens a protected label where its items have no right answer. */
export function TestGate({ draft, onChange, off, fault, error }: Props) {
  const { rows } = useAll("/v1/evaluators", {}, { staleTime: 60_000 });
  const known = (rows ?? []).filter((one) => !NEED_EXPECTED.has(one.kind)).map((one) => ({ value: one.id, label: one.name }));
  const isGone = draft.gateEvaluator !== "" && !known.some((one) => one.value === draft.gateEvaluator);
  const own = isGone ? [{ value: draft.gateEvaluator, label: rows ? `…${draft.gateEvaluator.slice(-6)}, archived` : `…${draft.gateEvaluator.slice(-6)}` }] : [];
  return (
    <div className="grid grid-cols-1 items-start gap-4 pl-6 sm:grid-cols-[minmax(0,1fr)_11rem]">
      <Field label="Without a right answer, judged by" hint="Test runs must be started with this evaluator." error={errorFor(error, "gate_evaluator_id")}>
        <Select value={draft.gateEvaluator} onChange={(gateEvaluator) => onChange({ gateEvaluator })} empty="Nobody: such items open nothing" options={[...own, ...known]} disabled={off} />
      </Field>
      {draft.gateEvaluator ? (
        <Field label="Mean score, at least" hint="From 0 to 1." error={fault ?? errorFor(error, "gate_min_score")}>
          <Input inputMode="decimal" value={draft.gateScore} onChange={(event) => onChange({ gateScore: event.target.value })} readOnly={off} />
        </Field>
      ) : null}
    </div>
  );
}
