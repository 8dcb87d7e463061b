import { Field, Input, errorFor } from "@/kit";
import { type Draft, faultsOf } from "./limits";

/** When a key is tried, and how much its provider lets it do in a minute. */
export function LimitFields({ draft, error, onChange }: { draft: Draft; error: unknown; onChange: (changed: Partial<Draft>) => void }) {
  const faults = faultsOf(draft);
  return (
    <>
      <Field label="Priority" hint="Lower ones are tried first." error={faults.priority ?? errorFor(error, "priority")}>
        <Input inputMode="numeric" value={draft.priority} onChange={(event) => onChange({ priority: event.target.value })} />
      </Field>
      <fieldset className="min-w-0">
        <legend className="mb-2 text-12 text-muted">What the provider allows, shared by all calls; empty: what it says of itself with its answers.</legend>
        <div className="grid grid-cols-1 items-start gap-4 sm:grid-cols-2">
          <Field label="Requests a minute" error={faults.requests ?? errorFor(error, "requests_per_minute")}>
            <Input inputMode="numeric" value={draft.requests} onChange={(event) => onChange({ requests: event.target.value })} />
          </Field>
          <Field label="Tokens a minute" error={faults.tokens ?? errorFor(error, "tokens_per_minute")}>
            <Input inputMode="numeric" value={draft.tokens} onChange={(event) => onChange({ tokens: event.target.value })} />
          </Field>
        </div>
      </fieldset>
    </>
  );
}
