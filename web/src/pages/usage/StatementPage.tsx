import { useState } from "react";
import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { After, Breaking, type Column, DownloadButton, Facts, Figures, Loaded, Money, NumberCell, Section, Select, SimulatedBadge, SimulatedMark, SkeletonTable, Table, Toolbar } from "@/kit";
import { count, money, plural } from "@/lib/format";
import { text, useUrlState } from "@/lib/url-state";
import { Change } from "./Change";
import { Head } from "./Head";
import { Ledger } from "./Ledger";
import { monthsBefore } from "./burn";
import { nameOfKind } from "./movements";

type Statement = Schema<"StatementAnswer">;
const shape = { month: text() };

/** What a month cost, from its opening balance to its closing one. */
export default function StatementPage() {
  const [now] = useState(Date.now);
  const months = monthsBefore(now);
  const [{ month: asked }, set] = useUrlState(shape);
  const month = months.includes(asked) ? asked : (months[0] ?? "");
  const found = useRead("/v1/usage/statement", { query: { month } }, { staleTime: 60_000 });
  return (
    <Head title="Statement" subtitle="What a month cost, from its opening balance to its closing one.">
      <Toolbar>
        <Select compact aria-label="Month" value={month} onChange={(next) => set({ month: next === months[0] ? "" : next })} options={months.map((one) => ({ value: one, label: nameOf(one) }))} />
        {month === months[0] ? <span className="text-13 text-muted">so far</span> : null}
        <span className="flex items-center gap-2 sm:ml-auto">
          {found.data?.charges.simulated ? <SimulatedBadge /> : null}
          <DownloadButton path={`/v1/usage/statement?month=${month}&format=csv`} name={`statement-${month}.csv`}>
            CSV
          </DownloadButton>
        </span>
      </Toolbar>
      <Loaded of={found} skeleton={<SkeletonTable columns={3} />}>
        {(statement) => <Whole statement={statement} isStale={found.isPlaceholderData} />}
      </Loaded>
      <After>
        <Ledger month={month} />
      </After>
    </Head>
  );
}

function nameOf(month: string): string {
  return new Date(`${month}-15T00:00:00Z`).toLocaleString("en-US", { month: "long", year: "numeric", timeZone: "UTC" });
}

function Whole({ statement, isStale }: { statement: Statement; isStale: boolean }) {
  const { charges, allowance } = statement;
  const lines = [...statement.lines].sort((a, b) => Math.abs(b.amount_nusd) - Math.abs(a.amount_nusd));
  return (
    <>
      <Figures
        isStale={isStale}
        figures={[
          { label: "Opening balance", value: money(statement.opening_balance_nusd) },
          { label: "Charged", value: money(charges.total_nusd), note: `${plural(charges.models.reduce((sum, one) => sum + one.executions, 0), "run")} in all` },
          { label: "Closing balance", value: money(statement.closing_balance_nusd), note: statement.set_aside_nusd > 0 ? `${money(statement.set_aside_nusd)} set aside for jobs` : undefined },
          { label: "Due", value: money(statement.due_nusd), note: statement.base_fee_nusd > 0 ? `base fee ${money(statement.base_fee_nusd)}` : "no base fee" },
        ]}
      />
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-2">
        <Section title="From opening to closing" framed>
          <Table label="Movements" columns={LINES} rows={lines} rowKey={(row) => row.kind} />
        </Section>
        <Section title="What paid for the runs" framed>
          <Facts
            facts={[
              ["Credit", money(charges.from_credit_nusd)],
              ["Set aside for jobs", money(charges.from_jobs_nusd)],
              ["Allowance", money(charges.from_allowance_nusd)],
              charges.borne_by_platform_nusd > 0 && ["The platform", money(charges.borne_by_platform_nusd)],
              ["Allowance at the end", money(allowance.closing_nusd)],
              statement.credit_line_nusd > 0 && ["Credit line", money(statement.credit_line_nusd)],
              ["Plan", statement.plan ?? "none"],
            ]}
          />
        </Section>
      </div>
      <Section title="By model">
        {charges.models.length === 0 ? <p className="text-13 text-muted">Nothing ran in this month.</p> : <Table label="By model" columns={MODELS} rows={[...charges.models].sort((a, b) => b.cost_nusd - a.cost_nusd)} rowKey={(row) => row.model} isStale={isStale} />}
      </Section>
    </>
  );
}

const LINES: Column<Statement["lines"][number]>[] = [
  { key: "kind", head: "What", cell: (row) => nameOfKind(row.kind) },
  { key: "transfers", head: "Entries", align: "end", width: "w-24", cell: (row) => count(row.transfers) },
  { key: "amount", head: "Amount", align: "end", width: "w-32", cell: (row) => <Change change={row.amount_nusd} amount={row.amount_nusd} /> },
];

const MODELS: Column<Statement["charges"]["models"][number]>[] = [
  { key: "model", head: "Model", cell: (row) => <span className="flex flex-wrap items-center gap-1.5"><Breaking text={row.model} className="font-medium" />{row.simulated ? <SimulatedMark /> : null}</span> },
  { key: "runs", head: "All runs", align: "end", width: "w-24", cell: (row) => <NumberCell value={row.executions} /> },
  { key: "input", head: "Input tokens", align: "end", width: "w-32", hideBelow: "md", cell: (row) => <NumberCell value={row.input_tokens} /> },
  { key: "output", head: "Output tokens", align: "end", width: "w-32", hideBelow: "md", cell: (row) => <NumberCell value={row.output_tokens} /> },
  { key: "markup", head: "Of it markup", align: "end", width: "w-32", hideBelow: "sm", cell: (row) => <Money nusd={row.markup_nusd} /> },
  { key: "cost", head: "Cost", align: "end", width: "w-28", cell: (row) => <Money nusd={row.cost_nusd} /> },
];
