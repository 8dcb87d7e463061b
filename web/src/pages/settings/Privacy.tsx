import { type FormEvent, useState } from "react";
import type { Schema } from "@/api/client";
import { useDraftOver } from "@/api/draft-over";
import { useChange, usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { useUnsaved } from "@/api/unsaved";
import { type WorkspaceFacts, useWorkspace } from "@/api/workspace";
import { After, Button, Checkbox, type Column, ConfirmDialog, Drawer, EmptyState, Field, FormError, Input, KeptAtTheEnd, Loaded, Meanwhile, PagedTable, RelativeTime, Section, StatusBadge, TextLink, errorFor, toast } from "@/kit";
import { plural } from "@/lib/format";
import { over, text, useUrlState } from "@/lib/url-state";
import { EraseUser } from "./EraseUser";
import { Receipt } from "./Receipt";

type Erasure = Schema<"ErasureAnswer">;
/** `erase`: the user_id that a link of a run or a session leads here with. */
const shape = { erasure: over(text()), erase: over(text()) };

export function Privacy({ id }: { id: string }) {
  const may = useMay();
  const facts = useWorkspace(id);
  return (
    <div className="flex flex-col gap-8">
      <Loaded of={facts}>{(facts) => <Keeping key={facts.id} facts={facts} />}</Loaded>
      {may.admin ? (
        <After>
          <Erasures isHeld={facts.data?.legal_hold ?? false} />
        </After>
      ) : null}
    </div>
  );
}

function Keeping({ facts }: { facts: WorkspaceFacts }) {
  const may = useMay();
  const saved = { days: String(facts.retention_days), store: facts.store_content, hold: facts.legal_hold };
  const { base, draft, set, isBehind, takeNewest, settle } = useDraftOver(saved);
  const { days, store, hold } = draft;
  const [asking, setAsking] = useState(false);
  const save = useChange("patch", "/v1/workspaces/{workspace_id}", { invalidates: ["/v1/workspaces"] });
  const body = {
    ...(Number(days) === Number(base.days) ? {} : { retention_days: Number(days) }),
    ...(store === base.store ? {} : { store_content: store }),
    ...(hold === base.hold ? {} : { legal_hold: hold }),
  };
  const isChanged = Object.keys(body).length > 0;
  useUnsaved(isChanged, "what is kept");
  const most = facts.limits.retention_days;
  const isTooMany = "retention_days" in body && Number(days) > most;
  const frees = base.hold && !hold;
  const forgets = frees || ("retention_days" in body && Number(days) < facts.retention_days);
  const send = () =>
    save.mutate(
      { path: { workspace_id: facts.id }, body },
      {
        onSuccess: () => {
          setAsking(false);
          settle(draft);
          toast("Saved");
        },
      },
    );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (forgets) setAsking(true);
    else send();
  };
  const off = !may.admin;
  return (
    <Section title="What is kept" description={<>Numbers stay: 400 days for each run, longer for figures. Text and people go. What is blotted out of text before it is stored is set under <TextLink to="/guardrails" search={{ tab: "stored" }}>Guardrails</TextLink>.</>}>
      <form onSubmit={submit} className="flex max-w-lg flex-col gap-4">
        <KeptAtTheEnd title="What is kept" isChanged={isChanged} />
        <Field label="Days that text and end users are kept" hint={`0 to ${most}, which the plan allows.`} error={isTooMany ? `The plan allows at most ${plural(most, "day")}.` : errorFor(save.error, "retention_days")}>
          <Input inputMode="numeric" value={days} onChange={(event) => set({ ...draft, days: event.target.value })} readOnly={off} className="max-w-28" />
        </Field>
        <Checkbox label="Keep the text of runs" hint="Without it, runs and reactions are counted and priced, and nobody can read what was asked, or what people said of it. Optimization from feedback needs it." checked={store} disabled={off} onChange={(event) => set({ ...draft, store: event.target.checked })} />
        <Checkbox label="Legal hold" hint="Nothing is forgotten while this is on; erasures wait." checked={hold} disabled={off} onChange={(event) => set({ ...draft, hold: event.target.checked })} />
        <Meanwhile show={isBehind} onTake={takeNewest} />
        <FormError error={save.error} />
        <div>
          <Button type="submit" variant="primary" busy={save.isPending} disabled={off || !isChanged || isTooMany || !/^\d+$/.test(days)} why={off ? needs("admin") : undefined}>
            Save
          </Button>
        </div>
      </form>
      {asking ? (
        <ConfirmDialog open onOpenChange={setAsking} title={frees ? "End the legal hold?" : "Forget sooner?"} submit={frees ? "End the hold" : `Keep ${plural(Number(days), "day")}`} onSubmit={send} busy={save.isPending} error={save.error}>
          {frees ? "Erasures that waited go on. " : ""}
          {Number(days) === 0 ? "All text and end users" : `Text and end users older than ${plural(Number(days), "day")}`} {hold ? "disappear once the legal hold ends" : "disappear within a day"}, and cannot be brought back.
        </ConfirmDialog>
      ) : null}
    </Section>
  );
}

/** Of one that was looked through once: how much of the person there was. */
function found({ counts }: Erasure): string {
  const rows = Object.values(counts).reduce((sum, one) => sum + one, 0);
  return rows > 0 ? plural(rows, "row") : "nothing was found";
}

const COLUMNS: Column<Erasure>[] = [
  { key: "subject", head: "Whom", cell: (row) => <code className="text-12 wrap-anywhere">{row.subject}</code> },
  { key: "reason", head: "Why", hideBelow: "sm", cell: (row) => row.reason || <span className="text-muted">–</span> },
  { key: "at", head: "Asked", align: "end", width: "w-28", cell: (row) => <RelativeTime at={row.requested_at} className="text-muted" /> },
  { key: "status", head: "Status", width: "w-40", cell: (row) => <span className="flex flex-wrap gap-1.5"><StatusBadge status={row.status} />{row.status === "completed" ? <span className="text-12 text-muted">{found(row)}</span> : null}{row.waits_for ? <span className="text-12 text-muted">{row.waits_for === "legal_hold" ? "waits for the legal hold to end" : `waits: ${row.waits_for}`}</span> : null}</span> },
];

function Erasures({ isHeld }: { isHeld: boolean }) {
  const [{ erasure, erase }, set] = useUrlState(shape);
  const [asking, setAsking] = useState(false);
  const isAsked = asking || erase !== "";
  const close = () => {
    setAsking(false);
    if (erase !== "") set({ erase: "" });
  };
  const pages = usePages("/v1/erasures", {}, { refetchInterval: 10_000 });
  return (
    <Section title="Forget a person" description="Takes one end user of your application out of everything here, and gives you a signed receipt." actions={<Button onClick={() => setAsking(true)}>Erase an end user</Button>}>
      <PagedTable label="Erasures" columns={COLUMNS} pages={pages} rowKey={(row) => row.id} onOpen={(row) => set({ erasure: row.id }, { push: true })} selected={erasure || null} empty={<EmptyState title="Nobody was erased" code={ERASE}>End users are known by the id that your application sends with a run.</EmptyState>} />
      <Drawer open={erasure !== ""} onOpenChange={(open) => (open ? undefined : set({ erasure: "" }))} title="Erasure" description={<code className="text-12 wrap-anywhere">{erasure}</code>}>
        {erasure ? <Receipt key={erasure} id={erasure} /> : null}
      </Drawer>
      <EraseUser whom={erase} open={isAsked} isHeld={isHeld} onOpenChange={(open) => (open ? setAsking(true) : close())} />
    </Section>
  );
}

const ERASE = `curl $URL/v1/erasures -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d '{"user_id": "customer-17", "reason": "asked to"}'`;
