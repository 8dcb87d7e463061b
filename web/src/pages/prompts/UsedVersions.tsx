import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { type Column, EmptyState, Loaded, Money, NumberCell, Percent, Section, Select, Table } from "@/kit";
import { NONE, count, day, money, plural } from "@/lib/format";
import { oneOf, useUrlState } from "@/lib/url-state";

type Used = Schema<"UsedVersion">;
const DAYS = ["7", "30", "90", "400"] as const;
const shape = { days: oneOf(DAYS, "30") };

const COLUMNS: Column<Used>[] = [
  { key: "version", head: "Version", cell: (row) => <span className="numeric font-medium">v{row.version}</span> },
  { key: "runs", head: "Calls", align: "end", cell: (row) => <NumberCell value={row.executions} /> },
  { key: "last", head: "Last", align: "end", hideBelow: "sm", cell: (row) => (row.last_used_on ? day(row.last_used_on) : NONE) },
  { key: "good", head: "Succeeded", align: "end", hideBelow: "md", cell: (row) => <Percent share={row.executions > 0 ? row.successes / row.executions : null} /> },
  { key: "thumbs", head: "Thumbs up / down", align: "end", hideBelow: "md", cell: (row) => `${count(row.thumbs_up)} / ${count(row.thumbs_down)}` },
  { key: "cost", head: "Cost", align: "end", cell: (row) => <Money nusd={row.cost_nusd} /> },
];

/** How much applications used the prompt and each version of it: tests and evaluations are left out. */
export function UsedVersions({ slug }: { slug: string }) {
  const [{ days }, set] = useUrlState(shape);
  const found = useRead("/v1/prompts/{slug}/usage", { path: { slug }, query: { days: Number(days) } });
  return (
    <Section
      title="Used by applications"
      description="Calls alone: tests, searches and evaluations are left out. A version that nobody calls any more can go from a label safely."
      actions={<Select compact aria-label="Days" value={days} onChange={(next) => set({ days: next })} options={DAYS.map((one) => ({ value: one, label: `Last ${one} days` }))} />}
    >
      <Loaded of={found}>
        {(usage) =>
          usage.versions.length === 0 ? (
            <EmptyState title={`Not called in ${days} days`}>{usage.last_used_on ? `Last on ${day(usage.last_used_on)}.` : "No application has called it in this time."}</EmptyState>
          ) : (
            <>
              <p className="numeric text-13">
                {plural(usage.executions, "call")}, {money(usage.cost_nusd)}, {usage.last_used_on ? `the last on ${day(usage.last_used_on)}` : "none of late"}.
              </p>
              <Table label="Used versions" columns={COLUMNS} rows={usage.versions} rowKey={(row) => String(row.version)} rowLink={(row) => ({ to: `/prompts/${slug}`, search: { tab: "versions", v: String(row.version) } })} isStale={found.isPlaceholderData} />
            </>
          )
        }
      </Loaded>
    </Section>
  );
}
