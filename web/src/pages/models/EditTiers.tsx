import { Plus, X } from "lucide-react";
import { useId, useRef } from "react";
import { Button, Field, FieldFault, IconButton, Input } from "@/kit";
import { PRICES } from "./model";
import { MOST_TIERS, type TierField, type TypedTier, faultsOfTier, newTier } from "./tiers";

/** Other prices than the usual: for calls with much input, or that its provider serves otherwise. */
export function EditTiers({ tiers, onChange, error }: { tiers: readonly TypedTier[]; onChange: (tiers: TypedTier[]) => void; /** What the API said of all of them. */ error?: string }) {
  const id = useId();
  const place = useRef<HTMLFieldSetElement>(null);
  const put = (key: number, name: TierField, value: string) => onChange(tiers.map((one) => (one.key === key ? { ...one, [name]: value } : one)));
  const takeAway = (key: number) => {
    onChange(tiers.filter((one) => one.key !== key));
    // What had the focus is gone with it.
    place.current?.querySelector<HTMLElement>("[data-add]")?.focus();
  };
  return (
    <fieldset ref={place} aria-describedby={id} className="flex min-w-0 flex-col gap-3">
      <legend className="mb-1 text-13 font-semibold">Other prices</legend>
      <p id={id} className="text-12 text-muted">
        All tokens of a call cost these where it has more input, or where its provider says that it was served so. Of several that fit, the narrowest counts.
      </p>
      {tiers.map((tier, at) => {
        const faults = faultsOfTier(tier, tiers);
        const field = (name: TierField) => ({ value: tier[name], onChange: (event: { target: { value: string } }) => put(tier.key, name, event.target.value) });
        return (
          <div key={tier.key} role="group" aria-label={`Other prices ${at + 1}`} className="relative flex flex-col gap-3 rounded-m border border-line p-3">
            <IconButton size="s" className="absolute top-2 right-2" label={`Take other prices ${at + 1} away`} icon={<X size={14} aria-hidden />} onClick={() => takeAway(tier.key)} />
            <div className="grid gap-3 pr-8 sm:grid-cols-2 md:max-w-xl">
              <Field label="More input than, in tokens" error={faults.above_input_tokens}>
                <Input inputMode="numeric" placeholder="any" {...field("above_input_tokens")} />
              </Field>
              <Field label="Served as" error={faults.service_tier}>
                <Input placeholder="any; batch, flex, priority" maxLength={40} {...field("service_tier")} />
              </Field>
            </div>
            <div className="grid grid-cols-2 gap-3 sm:grid-cols-3 md:grid-cols-5">
              {PRICES.map(({ name, label }) => {
                const needed = name === "input_price_nusd_per_million" || name === "output_price_nusd_per_million";
                return (
                  <Field key={name} label={label} error={faults[name]} required={needed}>
                    <Input inputMode="decimal" placeholder={needed ? undefined : name.startsWith("reasoning") ? "as output" : "as input"} {...field(name)} />
                  </Field>
                );
              })}
            </div>
          </div>
        );
      })}
      <FieldFault text={error} />
      <div>
        <Button size="s" data-add icon={<Plus size={12} aria-hidden />} onClick={() => onChange([...tiers, newTier(tiers)])} disabled={tiers.length >= MOST_TIERS} why={`There are ${MOST_TIERS}, which is the most.`}>
          Add other prices
        </Button>
      </div>
    </fieldset>
  );
}
