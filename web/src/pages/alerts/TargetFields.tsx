import { Plus, Trash2 } from "lucide-react";
import { useAll } from "@/api/hooks";
import { Button, Combobox, Field, FieldFault, IconButton, Input, Select, errorFor } from "@/kit";
import { METRICS, METRIC_WORDS, NEW_TARGET, type TargetForm, UNITS, WINDOWS, mustStayBelow, windowWords, wrongInTarget } from "./targets";

const MINUTE_MS = 60_000;

/** Absolute limits: each alone raises an alert. `own` null: as for all prompts. */
export function TargetFields({ own, isDefault, isOff, error, onChange }: { own: readonly TargetForm[] | null; isDefault: boolean; isOff: boolean; error: unknown; onChange: (own: readonly TargetForm[] | null) => void }) {
  const rows = own ?? [];
  const put = (at: number, part: Partial<TargetForm>) => onChange(rows.map((one, index) => (index === at ? { ...one, ...part } : one)));
  return (
    <div role="group" aria-label="Targets" className="flex min-w-0 flex-col gap-3">
      <span className="text-13 font-medium">Targets</span>
      <p className="text-12 text-muted">
        {rows.length > 0 ? "Each is looked at by itself, for each prompt. An alert ends when the figure is back by a tenth of its limit." : own === null && !isDefault ? "As for all prompts." : "None: no fixed limit raises an alert."}
      </p>
      {rows.map((row, at) => (
        <Row key={at} row={row} at={at} isOff={isOff} error={error} onChange={(part) => put(at, part)} onRemove={() => onChange(rows.filter((_, index) => index !== at))} />
      ))}
      <FieldFault text={errorFor(error, "targets")} />
      {isOff ? null : (
        <span className="flex flex-wrap gap-2">
          <Button size="s" icon={<Plus size={14} aria-hidden />} disabled={rows.length >= 20} onClick={() => onChange([...rows, NEW_TARGET])}>
            Add a target
          </Button>
          {own !== null && !isDefault ? (
            <Button size="s" variant="ghost" onClick={() => onChange(null)}>
              Targets as for all prompts
            </Button>
          ) : null}
        </span>
      )}
    </div>
  );
}

type RowProps = { row: TargetForm; at: number; isOff: boolean; error: unknown; onChange: (part: Partial<TargetForm>) => void; onRemove: () => void };

function Row({ row, at, isOff, error, onChange, onRemove }: RowProps) {
  const wrong = wrongInTarget(row);
  const of = (field: string) => errorFor(error, `targets[${at}].${field}`);
  const windows = [...new Set([...WINDOWS, row.window])].sort((a, b) => a - b);
  const n = at + 1;
  return (
    <div role="group" aria-label={`Target ${n}`} className="grid min-w-0 grid-cols-1 items-start gap-3 rounded-m border border-line p-3 sm:grid-cols-3">
      <Field label="Figure" error={of("metric")}>
        <Select value={row.metric} onChange={(metric) => onChange({ metric, limit: UNITS[metric] === UNITS[row.metric] ? row.limit : "" })} options={METRICS.map((value) => ({ value, label: METRIC_WORDS[value] }))} />
      </Field>
      <Field label={`${mustStayBelow(row.metric) ? "Stays below" : "Stays above"}, ${UNITS[row.metric]}`} error={(row.limit.trim() ? wrong.limit : undefined) ?? of("limit")} required>
        <Input inputMode="decimal" value={row.limit} onChange={(event) => onChange({ limit: event.target.value })} />
      </Field>
      <Field label="Over" error={of("window_minutes")}>
        <Select value={String(row.window)} onChange={(next) => onChange({ window: Number(next) })} options={windows.map((one) => ({ value: String(one), label: windowWords(one) }))} />
      </Field>
      <Field label={row.metric === "quality" ? "Scores at least" : row.metric === "satisfaction" ? "Reactions at least" : "Calls at least"} error={wrong.samples ?? of("min_samples")}>
        <Input inputMode="numeric" value={row.samples} onChange={(event) => onChange({ samples: event.target.value })} />
      </Field>
      <Field label="Label" hint="Empty: all calls of the prompt." error={of("label")}>
        <Input mono value={row.label} onChange={(event) => onChange({ label: event.target.value })} placeholder="production" />
      </Field>
      {row.metric === "quality" ? <Evaluator value={row.evaluator} error={of("evaluator_id")} onChange={(evaluator) => onChange({ evaluator })} /> : <span className="max-sm:hidden" />}
      <FieldFault text={errorFor(error, `targets[${at}]`)} />
      {isOff ? null : (
        <span className="sm:col-span-3">
          <IconButton label={`Remove target ${n}`} icon={<Trash2 size={14} aria-hidden />} onClick={onRemove} />
        </span>
      )}
    </div>
  );
}

function Evaluator({ value, error, onChange }: { value: string | null; error: string | undefined; onChange: (value: string | null) => void }) {
  const { rows } = useAll("/v1/evaluators", {}, { staleTime: MINUTE_MS });
  return (
    <Field label="Evaluator" error={error} required>
      <Combobox label="Evaluator" value={value} choices={(rows ?? []).map((one) => ({ value: one.id, label: one.name }))} onChange={onChange} />
    </Field>
  );
}
