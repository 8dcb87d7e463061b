import { useState } from "react";
import { SaidInForm, useFormOver } from "@/api/form-over";
import { read, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { CodeBlock, Field, Fields, FormDialog, Input, Select, errorFor, toast } from "@/kit";
import { taken } from "@/lib/taken";
import { type Draft, type Metric, TYPES, TYPE_NAMES, bodyOf, draftOf, wrongIn } from "./metric";

const AGAIN = ["/v1/metrics"];

/** One metric by a form. `metric` null: a new one, whose name is chosen here for good, and is none that is declared already. */
export function EditMetric({ metric, onClose }: { metric: Metric | null; onClose: () => void }) {
  const off = useMay().edit ? undefined : needs("editor");
  const [first] = useState<Draft>(() => draftOf(metric));
  const over = useFormOver(first, () => readNow(), AGAIN);
  const { draft, change } = over;
  const save = useChange("put", "/v1/metrics/{metric}", { invalidates: AGAIN });
  const known = useRead("/v1/metrics", {}, { enabled: metric === null });
  const error = save.error ?? (known.data ? null : known.error);
  const wrong = wrongIn(draft);
  const name = draft.name.trim();
  const takenIn = (metrics: readonly Metric[]) => taken("metric", name, metrics.map((one) => one.name));
  const isTaken = metric ? undefined : takenIn(known.data?.data ?? []);
  const readNow = async () => {
    // One that somebody forgot meanwhile is declared anew.
    if (metric) return draftOf((await read("/v1/metrics")).data.find((one) => one.name === metric.name) ?? metric);
    const now = await known.refetch({ throwOnError: true });
    if (takenIn(now.data?.data ?? [])) throw new SaidInForm();
    return first;
  };
  const send = () =>
    save.mutate(
      { path: { metric: name }, body: bodyOf(draft) },
      {
        onSuccess: () => {
          onClose();
          toast(metric ? `${name} is changed; what was taken before stays` : `${name} is declared`);
        },
      },
    );
  return (
    <FormDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={metric ? <>Metric <span className="font-mono">{metric.name}</span></> : "New metric"}
      description="From then on values that do not fit are refused. What was taken before stays as it is."
      off={off}
      submit={metric ? "Save" : "Declare it"}
      onSubmit={() => over.send(send)}
      over={over}
      busy={save.isPending}
      error={error}
      disabled={!name || Object.keys(wrong).length > 0 || Boolean(isTaken) || (metric === null && !known.data)}
    >
      <Fields off={off}>
        {metric ? null : (
          <Field label="Name" hint="A letter, then letters, digits, _, . or -. Your application sends it with its feedback." error={wrong.name ?? isTaken ?? errorFor(error, "metric")} required>
            <Input mono autoFocus value={draft.name} maxLength={63} onChange={(event) => change({ name: event.target.value })} placeholder="converted" />
          </Field>
        )}
        <Field label="Kind" hint={TYPES[draft.type].hint} error={errorFor(error, "type")}>
          <Select value={draft.type} onChange={(type) => change({ type })} options={TYPE_NAMES.map((one) => ({ value: one, label: TYPES[one].name }))} />
        </Field>
        <Field label="Better is" error={errorFor(error, "direction")}>
          <Select value={draft.direction} onChange={(direction) => change({ direction })} options={[{ value: "higher", label: "Higher" }, { value: "lower", label: "Lower" }]} />
        </Field>
        {draft.type === "binary" ? null : (
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="At least" error={wrong.min ?? errorFor(error, "min")}>
              <Input inputMode="decimal" value={draft.min} onChange={(event) => change({ min: event.target.value })} />
            </Field>
            <Field label="At most" error={wrong.max ?? errorFor(error, "max")}>
              <Input inputMode="decimal" value={draft.max} onChange={(event) => change({ max: event.target.value })} />
            </Field>
          </div>
        )}
      </Fields>
      {name ? <CodeBlock wrap label="How it is sent" code={`curl $URL/v1/feedback -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\\n  -d '{"execution_id": "…", "metric": {"name": "${name}", "value": 1}}'`} /> : null}
    </FormDialog>
  );
}
