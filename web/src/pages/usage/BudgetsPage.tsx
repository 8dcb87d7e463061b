import { PiggyBank, Plus } from "lucide-react";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, useOpened, usePages } from "@/api/hooks";
import { useKeyNames } from "@/api/keys";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, ConfirmDialog, EmptyState, Menu, Money, PagedTable, RelativeTime, toast } from "@/kit";
import { classes } from "@/lib/classes";
import { count, moment, money, percent } from "@/lib/format";
import { isInFirstPeriod } from "./burn";
import { over, text, useUrlState } from "@/lib/url-state";
import { EditBudget } from "./EditBudget";
import { EndUserLeft } from "./EndUserLeft";
import { Head } from "./Head";

export type Budget = Schema<"BudgetAnswer">;
const KINDS: Record<Budget["target_kind"], string> = { workspace: "the workspace", api_key: "API key", prompt: "prompt", end_user: "end user" };
/** `edit`: "" nothing, "new", or the id of a budget. `user`: whose rest is shown. */
const shape = { edit: over(text()), user: text() };

export default function BudgetsPage() {
  const [{ edit, user }, set] = useUrlState(shape);
  const [closing, setClosing] = useState<Budget | null>(null);
  const may = useMay();
  const { names } = useKeyNames();
  const pages = usePages("/v1/budgets", {}, { refetchInterval: 30_000 });
  const close = useChange("delete", "/v1/budgets/{budget_id}", { invalidates: ["/v1/budgets"] });
  const one = edit === "new" ? "" : edit;
  const known = useOpened(one, pages.rows, "/v1/budgets/{budget_id}", { path: { budget_id: one } }, { enabled: !pages.isPending });
  const opened = edit === "new" ? null : known;
  const add = (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => set({ edit: "new" })} disabled={!may.admin} why={needs("admin")}>
      New budget
    </Button>
  );
  const targetOf = (row: Budget) => (row.target_id ? (row.target_kind === "api_key" ? (names.get(row.target_id) ?? row.target_id) : row.target_id) : "");
  const columns: Column<Budget>[] = [
    {
      key: "name",
      head: "Budget",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="flex flex-wrap items-center gap-2">
            <span className="font-medium wrap-anywhere">{row.name}</span>
            {row.hard ? null : <Badge>warns only</Badge>}
            {row.left_nusd <= 0 ? <Badge tone="bad">{row.end_users === null ? "used up" : `used up by ${count(row.end_users_used_up ?? 0)} of ${count(row.end_users)}`}</Badge> : row.warn_percent !== null && row.spent_nusd * 100 >= row.limit_nusd * row.warn_percent ? <Badge tone="warn">past its mark</Badge> : null}
          </span>
          <span className="block text-12 text-muted wrap-anywhere">
            {row.end_users === null ? `${KINDS[row.target_kind]} ${targetOf(row)}` : `each end user; ${count(row.end_users)} counted`}
          </span>
        </span>
      ),
    },
    { key: "used", head: "Used", width: "w-56", hideBelow: "sm", cell: (row) => <Used budget={row} /> },
    { key: "left", head: "Left", align: "end", width: "w-28", cell: (row) => <Money nusd={row.left_nusd} /> },
    { key: "limit", head: "Limit", align: "end", width: "w-36", cell: (row) => <span>{money(row.limit_nusd)}<span className="text-muted">{` a ${row.period}`}</span></span> },
    { key: "resets", head: "Begins anew", align: "end", width: "w-32", hideBelow: "md", cell: (row) => <RelativeTime at={row.resets_at} className="text-muted" /> },
    {
      key: "act",
      head: <span className="sr-only">Act</span>,
      align: "end",
      width: "w-12",
      cell: (row) => (
        <Menu
          label={`What to do with ${row.name}`}
          items={[
            { label: "Change", onSelect: () => set({ edit: row.id }), disabled: !may.admin, hint: may.admin ? undefined : needs("admin") },
            { label: "Close", danger: true, onSelect: () => setClosing(row), disabled: !may.admin },
          ]}
        />
      ),
    },
  ];
  return (
    <Head title="Budgets" subtitle="What a key, a prompt, an end user, each of them or all together may spend in a day or month." actions={add}>
      <PagedTable
        label="Budgets"
        columns={columns}
        pages={pages}
        rowKey={(row) => row.id}
        empty={
          <EmptyState icon={<PiggyBank size={18} />} title="No budget limits anything" action={add} code={ADD}>
            A hard budget refuses the call that would go over it, before any money is spent.
          </EmptyState>
        }
      />
      {user !== "" || pages.rows.some((row) => row.target_kind === "end_user") ? <EndUserLeft user={user} onUser={(next) => set({ user: next })} /> : null}
      {opened === undefined ? null : <EditBudget key={edit} budget={opened} onClose={() => set({ edit: "" })} />}
      <ConfirmDialog
        open={closing !== null}
        onOpenChange={(open) => !open && (close.reset(), setClosing(null))}
        title={`Close ${closing?.name ?? ""}?`}
        submit="Close the budget"
        busy={close.isPending}
        error={close.error}
        onSubmit={() =>
          closing &&
          close.mutate(
            { path: { budget_id: closing.id } },
            {
              onSuccess: () => {
                toast(`${closing.name} is closed`);
                setClosing(null);
              },
            },
          )
        }
      >
        {closing ? `It limits nothing any more. ${money(closing.spent_nusd)} of ${money(closing.limit_nusd)} were spent${closing.end_users === null ? "" : " by the end user with the least left"}.` : null}
      </ConfirmDialog>
    </Head>
  );
}

const ADD = `curl $URL/v1/budgets -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"target_kind": "workspace", "period": "month", "limit_nusd": 50000000000, "warn_percent": 80}'`;

function Used({ budget }: { budget: Budget }) {
  const { spent_nusd: spent, held_nusd: held, limit_nusd: limit, warn_percent: mark } = budget;
  const share = limit > 0 ? spent / limit : 1;
  const tone = share >= 1 ? "bg-bad" : mark !== null && share * 100 >= mark ? "bg-warn" : "bg-ok";
  return (
    <span className="block">
      <span className="flex justify-between gap-2 text-12">
        <span className="numeric">{money(spent)}</span>
        <span className="numeric text-muted">
          {percent(share, 0)}
          {held > 0 ? `, ${money(held)} held` : ""}
        </span>
      </span>
      <span aria-hidden className="relative mt-1 block h-1.5 overflow-hidden rounded-full bg-line">
        <span className={classes("block h-full rounded-full", tone)} style={{ width: `${Math.min(100, share * 100)}%` }} />
        {mark !== null ? <span className="absolute inset-y-0 w-px bg-line-strong" style={{ left: `${mark}%` }} /> : null}
      </span>
      {budget.end_users ? <span className="mt-1 block text-12 text-muted">by the end user with the least left</span> : null}
      {isInFirstPeriod(budget) ? <span className="mt-1 block text-12 text-muted">counted since {moment(budget.created_at)}</span> : null}
    </span>
  );
}
