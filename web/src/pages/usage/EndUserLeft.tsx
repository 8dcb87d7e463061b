import { useRead } from "@/api/hooks";
import { type Column, Loaded, Money, RelativeTime, SearchInput, Section, Table } from "@/kit";
import { money } from "@/lib/format";
import type { Budget } from "./BudgetsPage";

const columns: Column<Budget>[] = [
  { key: "name", head: "Budget", cell: (row) => <span className="font-medium wrap-anywhere">{row.name}</span> },
  { key: "spent", head: "Used", align: "end", width: "w-28", cell: (row) => <Money nusd={row.spent_nusd} /> },
  { key: "held", head: "Under way", align: "end", width: "w-28", hideBelow: "sm", cell: (row) => <Money nusd={row.held_nusd} /> },
  { key: "left", head: "Left", align: "end", width: "w-28", cell: (row) => <Money nusd={row.left_nusd} /> },
  { key: "limit", head: "Limit", align: "end", width: "w-36", hideBelow: "sm", cell: (row) => <span>{money(row.limit_nusd)}<span className="text-muted">{` a ${row.period}`}</span></span> },
  { key: "resets", head: "Begins anew", align: "end", width: "w-32", hideBelow: "md", cell: (row) => <RelativeTime at={row.resets_at} className="text-muted" /> },
];

/** What one end user has left of the budgets that bind them. */
export function EndUserLeft({ user, onUser }: { user: string; onUser: (user: string) => void }) {
  return (
    <Section title="One end user" description="What is left for them in the running period, by the user_id that calls carry.">
      <SearchInput label="End user" most={200} placeholder="Their whole id" value={user} onChange={(next) => onUser(next.trim())} className="w-full sm:w-72" />
      {user === "" || user === "*" ? null : <Left user={user} />}
    </Section>
  );
}

function Left({ user }: { user: string }) {
  const found = useRead("/v1/budgets", { query: { end_user: user } }, { refetchInterval: 30_000 });
  return (
    <Loaded of={found}>
      {({ data }) => (data.length === 0 ? <p className="text-13 text-muted">No budget of an end user binds them.</p> : <Table label={`Left for ${user}`} columns={columns} rows={data} rowKey={(row) => row.id} />)}
    </Loaded>
  );
}
