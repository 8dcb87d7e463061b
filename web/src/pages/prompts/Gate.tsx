import { useState } from "react";
import type { Schema } from "@/api/client";
import { useAll, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { useUnsaved } from "@/api/unsaved";
import { Button, Field, FormError, Input, KeptAtTheEnd, Loaded, Section, Select, errorFor, toast } from "@/kit";
import { NEED_EXPECTED } from "@/pages/evaluators/evaluator";

type Found = Schema<"GateAnswer">;
type Draft = { asks: "" | "yes" | "no"; evaluator: string; score: string };

const draftOf = (found: Found): Draft => ({ asks: found.test_run_gate === null ? "" : found.test_run_gate ? "yes" : "no", evaluator: found.gate_evaluator_id ?? "", score: found.gate_min_score === null ? "" : String(found.gate_min_score) });

/** What a protected label asks of the test runs of this prompt, where that is something else than the workspace asks of all. */
export function Gate({ slug }: { slug: string }) {
  const found = useRead("/v1/prompts/{slug}/gate", { path: { slug } });
  return (
    <Section framed title="Test gate" description="What a protected label asks of a test run before it may name a version. What is left open is as the workspace has it.">
      <Loaded of={found}>{(gate) => <GateForm gate={gate} />}</Loaded>
    </Section>
  );
}

function GateForm({ gate }: { gate: Found }) {
  const may = useMay();
  const [typed, setTyped] = useState<Partial<Draft>>({});
  const save = useChange("put", "/v1/prompts/{slug}/gate", { invalidates: ["/v1/prompts"] });
  const { rows } = useAll("/v1/evaluators", {}, { staleTime: 60_000 });
  const draft = { ...draftOf(gate), ...typed };
  const known = (rows ?? []).filter((one) => !NEED_EXPECTED.has(one.kind)).map((one) => ({ value: one.id, label: one.name }));
  const isGone = draft.evaluator !== "" && !known.some((one) => one.value === draft.evaluator);
  const own = isGone ? [{ value: draft.evaluator, label: rows ? `…${draft.evaluator.slice(-6)}, archived` : `…${draft.evaluator.slice(-6)}` }] : [];
  const isChanged = JSON.stringify(draft) !== JSON.stringify(draftOf(gate));
  useUnsaved(isChanged, `Test gate of ${gate.slug}`);
  const score = Number(draft.score);
  const fault = draft.score.trim() !== "" && !(score >= 0 && score <= 1) ? "A number from 0 to 1." : undefined;
  const { asked } = gate;
  const submit = () =>
    save.mutate(
      { path: { slug: gate.slug }, body: { test_run_gate: draft.asks === "" ? null : draft.asks === "yes", gate_evaluator_id: draft.evaluator || null, gate_min_score: draft.score.trim() === "" ? null : score } },
      { onSuccess: () => (setTyped({}), toast("Saved")) },
    ); // prettier-ignore
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <KeptAtTheEnd title={`Test gate of ${gate.slug}`} isChanged={isChanged} />
      <p className="text-13 text-muted">
        {asked.test_run_gate
          ? `Asked now: a passed test run over ${asked.min_samples} items or more${asked.gate_evaluator ? `; without a right answer, a mean score of ${asked.gate_min_score} by ${asked.gate_evaluator}` : ""}.`
          : "Asked now: no test run."}
      </p>
      <Field label="A test run" error={errorFor(save.error, "test_run_gate")}>
        <Select value={draft.asks} onChange={(asks) => setTyped({ ...typed, asks })} disabled={!may.admin} options={[{ value: "", label: "as the workspace" }, { value: "yes", label: "must be passed" }, { value: "no", label: "is not asked for" }]} />
      </Field>
      <div className="grid items-end gap-4 sm:grid-cols-[minmax(0,1fr)_9rem]">
        <Field label="Without a right answer, judged by" error={errorFor(save.error, "gate_evaluator_id")}>
          <Select value={draft.evaluator} onChange={(evaluator) => setTyped({ ...typed, evaluator })} empty="as the workspace" options={[...own, ...known]} disabled={!may.admin} />
        </Field>
        <Field label="Mean score, at least" error={fault ?? errorFor(save.error, "gate_min_score")}>
          <Input inputMode="decimal" value={draft.score} onChange={(event) => setTyped({ ...typed, score: event.target.value })} placeholder="as the workspace" readOnly={!may.admin} />
        </Field>
      </div>
      <FormError error={save.error} />
      <div>
        <Button type="submit" busy={save.isPending} disabled={!may.admin || !isChanged || Boolean(fault)} why={may.admin ? "Nothing has changed." : needs("admin")}>
          Save the gate
        </Button>
      </div>
    </form>
  );
}
