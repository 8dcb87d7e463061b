import { type ReactNode, useId } from "react";
import { useModels } from "@/api/models";
import { Combobox, Field, Input, Textarea } from "@/kit";
import { type FilterDraft, wrongInFilters } from "./filters";

/** What else a run must be, for an evaluator to look at it. `children`: further ones. */
export function FilterFields({ draft, onChange, error, children }: { draft: FilterDraft; onChange: (changed: Partial<FilterDraft>) => void; /** Of the API, by the name of its field. */ error: (field: string) => string | undefined; children?: ReactNode }) {
  const { choices } = useModels();
  const wrong = wrongInFilters(draft);
  const own = draft.model && !choices.some((one) => one.value === draft.model) ? [{ value: draft.model, label: draft.model }] : [];
  const model = useId();
  return (
    <fieldset className="flex min-w-0 flex-col gap-3">
      <legend className="mb-1 text-13 font-medium">Only runs that are</legend>
      <div className="grid min-w-0 gap-3 sm:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-1">
          <span id={model} className="text-13">
            Answered by
          </span>
          <Combobox label="Answered by" value={draft.model || null} clear="Any model" choices={[...own, ...choices]} onChange={(next) => onChange({ model: next ?? "" })} className="w-full" />
        </div>
        <Field label="Of prompts tagged" error={error("filters.tag")}>
          <Input value={draft.tag} maxLength={100} onChange={(event) => onChange({ tag: event.target.value })} />
        </Field>
        <Field label="Of the app" error={error("filters.app")}>
          <Input value={draft.app} maxLength={200} onChange={(event) => onChange({ app: event.target.value })} />
        </Field>
        <Field label="Cost at least, $" error={wrong.cost ?? error("filters.min_cost_nusd")}>
          <Input inputMode="decimal" value={draft.cost} onChange={(event) => onChange({ cost: event.target.value })} />
        </Field>
        <Field label="Time at least, s" error={wrong.time ?? error("filters.min_latency_ms")}>
          <Input inputMode="decimal" value={draft.time} onChange={(event) => onChange({ time: event.target.value })} />
        </Field>
        {children}
      </div>
      <Field label="With metadata" hint="A line each, such as team=north. Runs whose text is not kept have none." error={wrong.metadata ?? error("filters.metadata")}>
        <Textarea rows={2} value={draft.metadata} onChange={(event) => onChange({ metadata: event.target.value })} />
      </Field>
    </fieldset>
  );
}
