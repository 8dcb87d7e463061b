import { useState } from "react";
import { Field, FormDialog, Input, errorFor, toast } from "@/kit";
import type { Requirements } from "./model";
import { Changed, type Routing, type Sent } from "./saving";

/** What `auto` asks of a model in the whole workspace. */
export function RequirementsForm({ routing, onClose, save }: { routing: Routing; onClose: () => void; save: (seen: Routing, next: Sent) => Promise<unknown> }) {
  const [seen, setSeen] = useState(routing);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const asked = (seen.requirements ?? {}) as Requirements;
  const [can, setCan] = useState((asked.capabilities ?? []).join(", "));
  const [quality, setQuality] = useState(String(asked.min_quality ?? ""));
  const [latency, setLatency] = useState(String(asked.max_latency_ms ?? ""));
  const [cost, setCost] = useState(asked.max_cost_nusd === undefined ? "" : String(asked.max_cost_nusd / 1e9));
  const [useCase, setUseCase] = useState(asked.use_case ?? "");
  const capabilities = can.split(",").map((one) => one.trim()).filter(Boolean);
  const numbers = [quality, latency, cost].map((one) => (one.trim() === "" ? null : Number(one)));
  const wrong = numbers.map((one, at) => (one === null || (Number.isFinite(one) && one >= 0 && (at > 0 || one <= 1)) ? undefined : at === 0 ? "A number from 0 to 1, or nothing." : "A number of 0 or more, or nothing."));
  const submit = () => {
    const requirements: Requirements = {
      ...(capabilities.length > 0 ? { capabilities } : {}),
      ...(typeof numbers[0] === "number" ? { min_quality: numbers[0] } : {}),
      ...(typeof numbers[1] === "number" ? { max_latency_ms: Math.round(numbers[1]) } : {}),
      ...(typeof numbers[2] === "number" ? { max_cost_nusd: Math.round(numbers[2] * 1e9) } : {}),
      ...(useCase.trim() ? { use_case: useCase.trim() } : {}),
    };
    setBusy(true);
    setError(null);
    save(seen, { rules: seen.rules ?? [], requirements })
      .then(
        () => {
          onClose();
          toast("Saved; it holds everywhere within a second");
        },
        (failed: unknown) => {
          // What was typed stays; from here on it lies over what is shown now.
          if (failed instanceof Changed) setSeen(failed.now);
          setError(failed);
        },
      )
      .finally(() => setBusy(false));
  };
  return (
    <FormDialog open onOpenChange={(open) => (open ? undefined : onClose())} title="What auto asks of a model" description="Empty asks nothing. A score that nobody gave a model does not meet it." submit="Save" onSubmit={submit} busy={busy} error={error} disabled={wrong.some(Boolean)}>
      <Field label="It can" hint="Such as tools, vision, pdf, json." error={errorFor(error, "requirements.capabilities")}>
        <Input autoFocus value={can} onChange={(event) => setCan(event.target.value)} placeholder="anything" />
      </Field>
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label="Quality, at least" error={wrong[0] ?? errorFor(error, "requirements.min_quality")}>
          <Input inputMode="decimal" value={quality} onChange={(event) => setQuality(event.target.value)} placeholder="0 to 1" />
        </Field>
        <Field label="Half within, ms" error={wrong[1] ?? errorFor(error, "requirements.max_latency_ms")}>
          <Input inputMode="numeric" value={latency} onChange={(event) => setLatency(event.target.value)} placeholder="2000" />
        </Field>
        <Field label="A call costs at most, $" error={wrong[2] ?? errorFor(error, "requirements.max_cost_nusd")}>
          <Input inputMode="decimal" value={cost} onChange={(event) => setCost(event.target.value)} placeholder="0.01" />
        </Field>
      </div>
      <Field label="Use case" hint="Models that are preferred for it go first." error={errorFor(error, "requirements.use_case")}>
        <Input value={useCase} onChange={(event) => setUseCase(event.target.value)} placeholder="the prompt’s own" maxLength={60} />
      </Field>
    </FormDialog>
  );
}
