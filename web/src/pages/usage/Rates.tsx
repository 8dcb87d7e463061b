import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { Breaking, type Column, Loaded, NumberCell, Section, Table } from "@/kit";
import { Progress } from "@/kit/Progress";
import { count } from "@/lib/format";

type Use = Schema<"RateUse">;
export type Row = Use & { key: string; name: string | null; of: "calls" | "tokens" };

/** The workspace first, then its API keys with a limit of their own: of calls, then of tokens where there are any. */
export function rowsOf(rates: Schema<"RatesAnswer">): Row[] {
  return [...rowsIn("calls", rates), ...rowsIn("tokens", rates.tokens)];
}

function rowsIn(of: Row["of"], { workspace, api_keys: keys }: Schema<"TokenRates">): Row[] {
  const own: Row[] = workspace ? [{ ...workspace, key: `${of} workspace`, name: null, of }] : [];
  return [...own, ...keys.map((one) => ({ ...one, key: `${of} ${one.api_key_id}`, of }))];
}

/** How many of the calls that may begin at once have begun, or how many tokens are taken, and when all are free again. */
export function wordsOf({ at_once: most, remaining, reset_s: seconds }: Use): string {
  const used = `${count(most - remaining)} of ${count(most)} at once`;
  return seconds > 0 ? `${used}, free again in ${seconds < 1 ? "under a second" : `${count(Math.ceil(seconds))} s`}` : used;
}

const columns: Column<Row>[] = [
  { key: "who", head: "Limit of", cell: (row) => (row.name === null ? "The workspace" : <Breaking text={row.name} className="font-medium wrap-break-word" />) },
  { key: "limit", head: "A minute", align: "end", width: "w-32", cell: (row) => <NumberCell value={row.per_minute} /> },
  { key: "of", head: "Of", width: "w-20", cell: (row) => row.of },
  { key: "used", head: "Used now", width: "w-64", cell: (row) => <Progress label={`Used of the limit of ${row.of === "tokens" ? "tokens of " : ""}${row.name ?? "the workspace"}`} done={row.at_once - row.remaining} total={row.at_once} words={wordsOf(row)} /> },
];

/** Limits of calls and of tokens, and how full they are at this moment. */
export function Rates() {
  const found = useRead("/v1/usage/rates", {}, { refetchInterval: 5_000 });
  return (
    <Section title="Calls and tokens a minute" description="How full the limits are now. What is beyond them is answered 429, and uses nothing.">
      <Loaded of={found}>{(rates) => <Table label="Limits a minute" columns={columns} rows={rowsOf(rates)} rowKey={(row) => row.key} />}</Loaded>
    </Section>
  );
}
