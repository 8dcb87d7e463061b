import { Plus, SlidersHorizontal } from "lucide-react";
import { useState } from "react";
import { usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, PagedTable, RelativeTime } from "@/kit";
import { count, percent, plural } from "@/lib/format";
import { over, text, useUrlState } from "@/lib/url-state";
import { EditRule } from "./EditRule";
import { Head } from "./Head";
import { DEFAULTS, type Rule } from "./rule";
import { targetWords } from "./targets";

/** `edit`: "" nothing, "new" a rule of a prompt that is yet to be chosen, "default" the workspace's own, else a slug. */
const shape = { edit: over(text()) };
export const DEFAULT_KEY = "*default*";

const PRODUCT: Rule = { prompt: null, enabled: true, min_samples: null, target: null, target_p95_ms: null, target_cost_nusd: null, min_drop: null, min_error_rise: null, min_latency_rise: null, min_cost_rise: null, targets: null, muted_until: null, start_optimization: null, updated_at: "" };

export default function RulesPage() {
  const [{ edit }, set] = useUrlState(shape);
  const may = useMay();
  const pages = usePages("/v1/alert-rules");
  // The default comes first, also where the workspace has none of its own.
  const own = pages.rows.find((row) => row.prompt === null);
  const rows = [own ?? PRODUCT, ...pages.rows.filter((row) => row.prompt !== null)];
  // Not the product's own in place of the workspace's, as long as it is not known whether it has one.
  const [isKnown, setKnown] = useState(false);
  if (!isKnown && !pages.isPending && !(pages.error && pages.rows.length === 0)) setKnown(true);
  const found = isKnown ? rows.find((row) => (row.prompt ?? DEFAULT_KEY) === edit) : undefined;
  // Somebody else may give the rule up while its form is open: what was typed in it stays.
  const [held, setHeld] = useState<{ edit: string; rule: Rule } | null>(null);
  if (edit === "" && held) setHeld(null);
  else if (found && found !== held?.rule) setHeld({ edit, rule: found });
  const opened = edit === "" ? undefined : edit === "new" ? null : (found ?? (held?.edit === edit ? held.rule : undefined));
  return (
    <Head
      title="Rules"
      subtitle="Every prompt is watched without any rule. A rule changes when an alert is raised."
      actions={
        <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ edit: "new" })} disabled={!may.edit} why={needs("editor")}>
          Rule for a prompt
        </Button>
      }
    >
      <PagedTable label="Rules" columns={columnsFor(own?.updated_at)} pages={{ ...pages, rows: pages.isPending || pages.error ? pages.rows : rows }} rowKey={(row) => row.prompt ?? DEFAULT_KEY} onOpen={(row) => set({ edit: row.prompt ?? DEFAULT_KEY })} empty={null} />
      {opened === undefined ? null : <EditRule key={edit} rule={opened} isOwn={opened !== null && opened !== PRODUCT} onClose={() => set({ edit: "" })} />}
    </Head>
  );
}

function columnsFor(defaultChanged: string | undefined): Column<Rule>[] {
  return [
    {
      key: "prompt",
      head: "Rule",
      cell: (row) => (
        <span className="flex flex-wrap items-center gap-2">
          {row.prompt ? <span className="font-mono font-medium wrap-anywhere">{row.prompt}</span> : <span className="inline-flex items-center gap-1.5 font-medium"><SlidersHorizontal size={14} aria-hidden className="text-muted" />All prompts</span>}
          {row.enabled ? null : <Badge tone="warn">off</Badge>}
          {row.muted_until && Date.parse(row.muted_until) > Date.now() ? <Badge>muted</Badge> : null}
          {row.targets?.length ? <span className="text-12 text-muted wrap-anywhere">{row.targets.length > 2 ? plural(row.targets.length, "target") : row.targets.map(targetWords).join("; ")}</span> : null}
          {row.start_optimization ? <Badge tone="accent">starts an optimization</Badge> : null}
        </span>
      ),
    },
    { key: "target", head: "Satisfaction target", align: "end", width: "w-40", cell: (row) => <Own value={row.target === null ? null : percent(row.target)} otherwise={percent(DEFAULTS.target)} isDefault={row.prompt === null} /> },
    { key: "samples", head: "Reactions at least", align: "end", width: "w-36", hideBelow: "sm", cell: (row) => <Own value={row.min_samples === null ? null : count(row.min_samples)} otherwise={count(DEFAULTS.min_samples)} isDefault={row.prompt === null} /> },
    { key: "drop", head: "Fall at least", align: "end", width: "w-32", hideBelow: "md", cell: (row) => <Own value={row.min_drop === null ? null : `${Number((row.min_drop * 100).toFixed(2))} pts`} otherwise={`${DEFAULTS.min_drop * 100} pts`} isDefault={row.prompt === null} /> },
    { key: "changed", head: "Changed", align: "end", width: "w-28", hideBelow: "md", cell: (row) => (row.prompt === null && !defaultChanged ? <span className="text-muted">–</span> : <RelativeTime at={row.updated_at} className="text-muted" />) },
  ];
}

/** What the rule says, or what holds where it says nothing: quietly. */
function Own({ value, otherwise, isDefault }: { value: string | null; otherwise: string; isDefault: boolean }) {
  if (value !== null) return <span>{value}</span>;
  return <span className="text-muted">{isDefault ? otherwise : "as all prompts"}</span>;
}
