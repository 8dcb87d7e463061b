import { Breaking, type Column, Duration, Money, NumberCell, Percent, Table } from "@/kit";
import { type GroupFigures, colorAt, linkOf, nameOf } from "./figures";
import { effectivenessOf } from "./Kpis";
import type { Group } from "./range";

const HEADS: Record<Group, string> = { none: "", prompt: "Prompt", version: "Version", label: "Label", model: "Model", app: "App", api_key: "API key", provider: "Provider", provider_key: "Provider key", arm: "Arm" };
const MOST_COLOURED = 5;

/** Each group with its figures. The first five have the colour of their line. */
export function GroupTable({ group, rows, keyNames, isStale }: { group: Group; rows: readonly GroupFigures[]; keyNames: ReadonlyMap<string, string>; isStale: boolean }) {
  const columns: Column<GroupFigures>[] = [
    {
      key: "group",
      head: HEADS[group],
      cell: (row) => {
        const at = rows.indexOf(row);
        return (
          <span className="inline-flex items-center gap-2">
            <span aria-hidden className="h-2.5 w-2.5 shrink-0 rounded-full" style={at < MOST_COLOURED ? { background: `var(--series-${colorAt(at)})` } : { background: "transparent" }} />
            <Breaking text={nameOf(group, row.group, keyNames)} className="font-medium" />
          </span>
        );
      },
    },
    { key: "runs", head: "Runs", align: "end", width: "w-24", cell: (row) => <NumberCell value={row.executions} /> },
    { key: "satisfaction", head: "Satisfaction", align: "end", width: "w-36", cell: (row) => <Percent share={row.satisfaction?.value} low={row.satisfaction?.low} high={row.satisfaction?.high} samples={row.satisfaction?.samples} show="below" className="items-end" /> },
    { key: "success", head: "Success", align: "end", width: "w-24", hideBelow: "md", cell: (row) => <Percent share={row.success_rate} /> },
    { key: "effectiveness", head: "Effectiveness", align: "end", width: "w-28", hideBelow: "lg", cell: effectivenessOf },
    { key: "p50", head: "p50", align: "end", width: "w-20", hideBelow: "lg", cell: (row) => <Duration ms={row.latency.p50_ms} /> },
    { key: "p95", head: "p95", align: "end", width: "w-20", hideBelow: "sm", cell: (row) => <Duration ms={row.latency.p95_ms} /> },
    { key: "cost", head: "Cost", align: "end", width: "w-24", hideBelow: "sm", cell: (row) => <Money nusd={row.cost_nusd} /> },
    { key: "each", head: "Per run", align: "end", width: "w-28", hideBelow: "md", cell: (row) => <Money nusd={row.mean_cost_nusd} /> },
  ];
  const leads = group === "prompt" || group === "version" || group === "label" || group === "arm";
  return <Table label={`By ${HEADS[group].toLowerCase()}`} columns={columns} rows={rows} rowKey={(row) => row.group} rowLink={leads ? (row) => linkOf(group, row.group) ?? { to: "/runs" } : undefined} isStale={isStale} />;
}
