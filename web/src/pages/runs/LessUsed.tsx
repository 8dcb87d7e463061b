import { useKeyNames } from "@/api/keys";
import { useModels } from "@/api/models";
import { useMay } from "@/api/session";
import { Combobox, Day, Input, SearchInput, useTyped } from "@/kit";
import type { Choice } from "@/kit/Combobox";
import { type Filters, isAmount } from "./log";

type Props = { filters: Filters; onChange: (changed: Partial<Filters>) => void };

/** When, by which model and for whom a run was, how it failed, and what it took. */
export function LessUsed({ filters, onChange }: Props) {
  const { models, choices } = useModels();
  const providers = [...new Set(models.map((one) => one.provider))].filter(Boolean).sort();
  return (
    <>
      <Day label="From" value={filters.since} max={filters.until} onChange={(since) => onChange({ since })} />
      <Day label="Until" value={filters.until} min={filters.since} onChange={(until) => onChange({ until })} />
      <Combobox label="Model" value={filters.model || null} clear="Any model" choices={withOwn(choices, filters.model)} onChange={(model) => onChange({ model: model ?? "" })} className="max-w-60" />
      <Combobox label="Provider" value={filters.provider || null} clear="Any provider" choices={withOwn(providers.map((one) => ({ value: one, label: one })), filters.provider)} onChange={(provider) => onChange({ provider: provider ?? "" })} />
      <KeyFilter apiKey={filters.key} onChange={(key) => onChange({ key })} />
      <SearchInput label="App" value={filters.app} onChange={(app) => onChange({ app: app.trim() })} className="w-full sm:w-36" />
      <SearchInput label="Error code" placeholder="Error code, whole" value={filters.error} onChange={(error) => onChange({ error: error.trim() })} className="w-full sm:w-48" />
      <Least label="Cost at least, $" value={filters.cost} onChange={(cost) => onChange({ cost })} />
      <Least label="Time at least, s" value={filters.time} onChange={(time) => onChange({ time })} />
    </>
  );
}

/** Also what the address names and nobody offers any more: runs keep the name of a model that is gone. */
function withOwn(choices: readonly Choice[], own: string): readonly Choice[] {
  return own && !choices.some((one) => one.value === own) ? [{ value: own, label: own }, ...choices] : choices;
}

/** Names of keys are for admins; who follows a link sees that there is such a filter, and can take it away. */
function KeyFilter({ apiKey, onChange }: { apiKey: string; onChange: (key: string) => void }) {
  const may = useMay();
  const { names, choices } = useKeyNames();
  if (!may.admin && !apiKey) return null;
  const own = apiKey && !names.has(apiKey) ? [{ value: apiKey, label: `…${apiKey.slice(-6)}` }] : [];
  return <Combobox label="API key" value={apiKey || null} clear="Any API key" choices={[...own, ...choices]} onChange={(key) => onChange(key ?? "")} />;
}

/** Nothing where it is no amount yet. */
function amountOf(typed: string): string {
  const read = typed.replace(",", ".").trim();
  return isAmount(read) ? read : "";
}

function Least({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useTyped(value, onChange, amountOf);
  return (
    <label className="flex items-center gap-1.5 text-13 text-muted">
      <span>{label}</span>
      <Input inputMode="decimal" value={typed} onChange={(event) => setTyped(event.target.value)} className="numeric w-20! border-line-strong/50! text-13!" />
    </label>
  );
}
