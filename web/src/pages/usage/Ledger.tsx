import { useState } from "react";
import { useChange, usePages } from "@/api/hooks";
import { useMay, useSession } from "@/api/session";
import { Button, type Column, EmptyState, Field, FormDialog, Input, PagedTable, RelativeTime, Section, Select, SimulatedMark, TextLink, errorFor, toast } from "@/kit";
import { money } from "@/lib/format";
import { maybeOneOf, useUrlState } from "@/lib/url-state";
import { Change } from "./Change";
import { nusdOf } from "./burn";
import { KINDS, type Kind, type Transfer, changeOf, nameOfKind, payerOf } from "./movements";

const shape = { kind: maybeOneOf(KINDS) };

/** What the operator may correct: credit that was given is taken back, what was charged is given back. */
const GIVEN: ReadonlySet<Kind> = new Set(["grant", "top_up", "base_grant"]);
const CHARGED: ReadonlySet<Kind> = new Set(["charge", "fee"]);
const NUSD_PER_USD = 1e9;

/** Every entry of the month, as it stands in the books. Entries are never changed: a correction is one more. */
export function Ledger({ month }: { month: string }) {
  const may = useMay();
  const [{ kind }, set] = useUrlState(shape);
  const [correcting, setCorrecting] = useState<Transfer | null>(null);
  const from = `${month}-01T00:00:00Z`;
  const pages = usePages("/v1/credits/transfers", { query: { kind, from, to: nextMonth(month), limit: 20 } });
  const columns: Column<Transfer>[] = [
    { key: "what", head: "What", cell: (row) => <What row={row} /> },
    { key: "at", head: "When", align: "end", width: "w-32", hideBelow: "sm", cell: (row) => <RelativeTime at={row.at} className="text-muted" /> },
    { key: "amount", head: "Amount", align: "end", width: "w-28", cell: (row) => <Change change={changeOf(row)} amount={row.amount_nusd} /> },
    ...(may.operator
      ? [
          {
            key: "acts",
            head: <span className="sr-only">Acts</span>,
            align: "end" as const,
            width: "w-28",
            cell: (row: Transfer) =>
              GIVEN.has(row.kind) || CHARGED.has(row.kind) ? (
                <Button size="s" variant="ghost" onClick={() => setCorrecting(row)} aria-label={`${GIVEN.has(row.kind) ? "Take back" : "Give back"} entry ${row.id}`}>
                  {GIVEN.has(row.kind) ? "Take back…" : "Give back…"}
                </Button>
              ) : null,
          },
        ]
      : []),
  ];
  return (
    <Section
      title="Entries"
      description="Each is kept as it was made; a correction is one more, which names it."
      actions={<Select compact aria-label="Kind of entry" empty="All kinds" value={kind} onChange={(next: string) => set({ kind: (next || null) as Kind | null })} options={KINDS.map((one) => ({ value: one as string, label: nameOfKind(one) }))} />}
    >
      <PagedTable label="Entries" columns={columns} pages={pages} rowKey={(row) => String(row.id)} empty={<EmptyState title={kind ? "No entry of this kind in this month" : "No entry in this month"} />} />
      {correcting ? GIVEN.has(correcting.kind) ? <TakeBack entry={correcting} onClose={() => setCorrecting(null)} /> : <GiveBack entry={correcting} onClose={() => setCorrecting(null)} /> : null}
    </Section>
  );
}

function nextMonth(month: string): string {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year ?? 0, number ?? 1, 1)).toISOString();
}

function What({ row }: { row: Transfer }) {
  const payer = payerOf(row);
  return (
    <span className="block min-w-0">
      <span className="flex flex-wrap items-baseline gap-x-2">
        {nameOfKind(row.kind)} <span className="numeric text-12 text-muted">no. {row.id}</span>
        {row.execution_id ? (
          <TextLink to={`/runs/${row.execution_id}`} className="text-12">
            the run
          </TextLink>
        ) : null}
        {row.simulated ? <SimulatedMark /> : null}
      </span>
      {payer ? <span className="block text-12 text-muted">{payer}</span> : null}
      {row.reason || row.corrects !== null ? (
        <span className="block text-12 text-muted wrap-anywhere">
          {row.reason}
          {row.corrects === null ? null : ` (corrects no. ${row.corrects})`}
        </span>
      ) : null}
    </span>
  );
}

type CorrectProps = { entry: Transfer; onClose: () => void };
const AGAIN = { invalidates: ["/v1/credits", "/v1/usage"] };

/** How much, and why: of both corrections. */
function useTyped(entry: Transfer) {
  const [typed, setTyped] = useState(String(Math.abs(entry.amount_nusd) / NUSD_PER_USD));
  const [reason, setReason] = useState("");
  const amount = nusdOf(typed);
  const isWrong = amount === null || amount === 0 || amount > Math.abs(entry.amount_nusd);
  const fields = (error: unknown) => (
    <>
      <Field label="Dollars" hint={`At most ${money(Math.abs(entry.amount_nusd))}.`} required error={isWrong ? `An amount above 0, and at most ${money(Math.abs(entry.amount_nusd))}.` : errorFor(error, "amount_nusd")}>
        <Input autoFocus inputMode="decimal" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </Field>
      <Field label="Reason" required error={errorFor(error, "reason")}>
        <Input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </Field>
    </>
  );
  return { amount: amount ?? 0, reason: reason.trim(), fields, isOff: isWrong || !reason.trim() };
}

function TakeBack({ entry, onClose }: CorrectProps) {
  const { workspace } = useSession();
  const typed = useTyped(entry);
  const take = useChange("post", "/v1/credits/adjustments", AGAIN);
  const done = ({ amount_nusd: taken, left_nusd: left }: { amount_nusd: number; left_nusd: number }) => {
    onClose();
    toast(`${money(taken)} taken back; ${money(left)} of the entry could still be`);
  };
  return (
    <FormDialog danger open onOpenChange={(open) => open || onClose()} title={`Take back credit of entry no. ${entry.id}`} description="As far as it is still there: what is spent, or held by calls under way, cannot be taken back." submit="Take it back" busy={take.isPending} error={take.error} disabled={typed.isOff} onSubmit={() => workspace && take.mutate({ body: { workspace_id: workspace.id, transfer_id: entry.id, amount_nusd: typed.amount, reason: typed.reason } }, { onSuccess: done })}>
      {typed.fields(take.error)}
    </FormDialog>
  );
}

function GiveBack({ entry, onClose }: CorrectProps) {
  const { workspace } = useSession();
  const typed = useTyped(entry);
  const give = useChange("post", "/v1/credits/refunds", AGAIN);
  const done = ({ amount_nusd: given }: { amount_nusd: number }) => {
    onClose();
    toast(`${money(given)} given back`);
  };
  return (
    <FormDialog open onOpenChange={(open) => open || onClose()} title={`Give back entry no. ${entry.id}`} description="To the account that paid. What the run cost stays in its record." submit="Give it back" busy={give.isPending} error={give.error} disabled={typed.isOff} onSubmit={() => workspace && give.mutate({ body: { workspace_id: workspace.id, transfer_id: entry.id, amount_nusd: typed.amount, reason: typed.reason } }, { onSuccess: done })}>
      {typed.fields(give.error)}
    </FormDialog>
  );
}
