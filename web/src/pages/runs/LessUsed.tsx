import { useAll } from "@/api/hooks";
import { useKeyNames } from "@/api/keys";
import { useModels } from "@/api/models";
import { useMay } from "@/api/session";
import { Combobox, Day, Input, SearchInput, Select, useTyped } from "@/kit";
import type { Choice } from "@/kit/Combobox";
import { COMMENTED, type Filters, REACTIONS, isAmount, isScore } from "./log";

type Props = { filters: Filters; onChange: (changed: Partial<Filters>) => void };

/** When, by which model and for whom a run was, how it failed, what it took, what was sent along, and what was said of it. */
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
      <SearchInput label="Error code" most={100} placeholder="Error code, whole" value={filters.error} onChange={(error) => onChange({ error: error.trim() })} className="w-full sm:w-48" />
      <Least label="Cost at least, $" value={filters.cost} read={amountOf} onChange={(cost) => onChange({ cost })} />
      <Least label="Time at least, s" value={filters.time} read={amountOf} onChange={(time) => onChange({ time })} />
      <SearchInput label="Metadata key" value={filters.meta} onChange={(meta) => onChange({ meta })} className="w-full sm:w-36" />
      <SearchInput label="Metadata value" placeholder="Its value, whole" value={filters.value} onChange={(value) => onChange({ value })} className="w-full sm:w-36" />
      <Select compact aria-label="Feedback" empty="With or without feedback" value={filters.reaction} onChange={(reaction: string) => onChange({ reaction: (reaction || null) as Filters["reaction"] })} options={REACTIONS.map((one) => ({ value: one as string, label: REACTION_WORDS[one] }))} />
      <Select compact aria-label="Comments" empty="With or without comments" value={filters.comments} onChange={(comments: string) => onChange({ comments: (comments || null) as Filters["comments"] })} options={COMMENTED.map((one) => ({ value: one as string, label: one === "with" ? "With comments" : "No comments" }))} />
      <ScoredBy judge={filters.judge} onChange={(judge) => onChange({ judge })} />
      <Least label="Score at least" value={filters.least} read={scoreOf} onChange={(least) => onChange({ least })} />
      <Least label="Score at most" value={filters.most} read={scoreOf} onChange={(most) => onChange({ most })} />
    </>
  );
}

const REACTION_WORDS: Record<(typeof REACTIONS)[number], string> = { up: "Thumb up", down: "Thumb down", any: "Any feedback", none: "No feedback" };

/** Whose scores the two beside it are. */
function ScoredBy({ judge, onChange }: { judge: string; onChange: (judge: string) => void }) {
  const { rows } = useAll("/v1/evaluators", {}, { staleTime: 10_000 });
  const known = (rows ?? []).map((one) => ({ value: one.id, label: one.name }));
  const own = judge && !known.some((one) => one.value === judge) ? [{ value: judge, label: `…${judge.slice(-6)}` }] : [];
  return <Combobox label="Scored by" value={judge || null} clear="Scored by people" choices={[...own, ...known]} onChange={(next) => onChange(next ?? "")} />;
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

function scoreOf(typed: string): string {
  const read = typed.replace(",", ".").trim();
  return isScore(read) ? read : "";
}

function Least({ label, value, read, onChange }: { label: string; value: string; read: (typed: string) => string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useTyped(value, onChange, read);
  return (
    <label className="flex items-center gap-1.5 text-13 text-muted">
      <span>{label}</span>
      <Input inputMode="decimal" value={typed} onChange={(event) => setTyped(event.target.value)} className="numeric w-20! border-line-strong/50! text-13!" />
    </label>
  );
}
