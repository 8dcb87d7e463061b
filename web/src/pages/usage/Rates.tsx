import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { Breaking, type Column, Loaded, NumberCell, Section, Table } from "@/kit";
import { Progress } from "@/kit/Progress";
import { count } from "@/lib/format";

type Use = Schema<"RateUse">;
export type Row = Use & { key: string; name: string | null };

/** The workspace first, then its API keys with a limit of their own. */
export function rowsOf(rates: Schema<"RatesAnswer">): Row[] {
  return [{ ...rates.workspace, key: "workspace", name: null }, ...rates.api_keys.map((one) => ({ ...one, key: one.api_key_id }))];
}

/** How many of the calls that may begin at once have begun, and when all of them may again. */
export function wordsOf({ at_once: most, remaining, reset_s: seconds }: Use): string {
  const used = `${count(most - remaining)} of ${count(most)} at once`;
  return seconds > 0 ? `${used}, free again in ${seconds < 1 ? "under a second" : `${count(Math.ceil(seconds))} s`}` : used;
}

const columns: Column<Row>[] = [
  { key: "who", head: "Limit of", cell: (row) => (row.name === null ? "The workspace" : <Breaking text={row.name} className="font-medium wrap-break-word" />) },
  { key: "limit", head: "Calls a minute", align: "end", width: "w-32", cell: (row) => <NumberCell value={row.per_minute} /> },
  { key: "used", head: "Used now", width: "w-64", cell: (row) => <Progress label={`Used of the limit of ${row.name ?? "the workspace"}`} done={row.at_once - row.remaining} total={row.at_once} words={wordsOf(row)} /> },
];

/** Limits of calls, and how full they are at this moment. */
export function Rates() {
  const found = useRead("/v1/usage/rates", {}, { refetchInterval: 5_000 });
  return (
    <Section title="Calls a minute" description="How full the limits are now. What is beyond them is answered 429, and uses nothing.">
      <Loaded of={found}>{(rates) => <Table label="Limits of calls" columns={columns} rows={rowsOf(rates)} rowKey={(row) => row.key} />}</Loaded>
    </Section>
  );
}
