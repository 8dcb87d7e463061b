import { Plus, ShieldCheck } from "lucide-react";
import { useMemo, useState } from "react";
import { change as send, useChange, useOpened, usePages } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { After, Badge, Button, type Column, ConfirmDialog, EmptyState, Menu, NavTabs, Page, PagedTable, RelativeTime, Switch, Tabs, TextLink, toast, toastError, useUndo } from "@/kit";
import { PROVIDER_TABS } from "@/pages/providers/tabs";
import { oneOf, over, text, useUrlState } from "@/lib/url-state";
import { useCommands } from "@/shell/commands";
import { useHotkey } from "@/shell/keys";
import { EditGuardrail } from "./EditGuardrail";
import { Masking } from "./Masking";
import { TryText } from "./TryText";
import { type Guardrail, KIND_NAMES, type Kind, does } from "./guardrail";

/** `edit`: "" nothing, "new", or the id of one. `named`: the one that a run was stopped by. */
const shape = { tab: oneOf(["rules", "stored"], "rules"), edit: over(text()), named: text() };
const INVALIDATES = { invalidates: ["/v1/guardrails"] };

const ADD = `curl $URL/v1/guardrails -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -d '{"name": "no personal data", "sides": ["in"], "settings": {"kind": "personal_data"}}'`;

export default function GuardrailsPage() {
  const [{ tab, edit }, set] = useUrlState(shape);
  const may = useMay();
  const add = () => set({ tab: "rules", edit: "new" });
  useCommands(useMemo(() => (may.admin ? [{ id: "new-guardrail", label: "New guardrail", keys: "n", run: () => set({ tab: "rules", edit: "new" }) }] : []), [may.admin, set]));
  useHotkey("n", add, may.admin && edit === "");
  return (
    <Page
      title="Guardrails"
      subtitle="What may go to a model, what may come back, and what is kept of it."
      actions={
        <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={add} disabled={!may.admin} why={needs("admin")}>
          New guardrail
        </Button>
      }
    >
      <NavTabs label="Providers" tabs={PROVIDER_TABS} />
      <Tabs
        label="Guardrails"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        className="-mt-2"
        tabs={[
          { id: "rules", label: "On the way to a model and back", content: <Rules /> },
          { id: "stored", label: "In what is stored", keeps: true, content: <Masking /> },
        ]}
      />
    </Page>
  );
}

function Rules() {
  const [{ edit, named }, set] = useUrlState(shape);
  const may = useMay();
  const [removing, setRemoving] = useState<Guardrail | null>(null);
  const pages = usePages("/v1/guardrails", { query: { limit: 50 } });
  const patch = useChange("patch", "/v1/guardrails/{guardrail_id}", INVALIDATES);
  const remove = useChange("delete", "/v1/guardrails/{guardrail_id}", INVALIDATES);
  const undo = useUndo(INVALIDATES.invalidates);
  const one = edit === "new" ? "" : edit;
  const known = useOpened(one, pages.rows, "/v1/guardrails/{guardrail_id}", { path: { guardrail_id: one } }, { enabled: !pages.isPending });
  const opened = edit === "new" ? null : known;

  const turn = ({ id, name }: Guardrail, active: boolean) => {
    const back = () => send("patch", "/v1/guardrails/{guardrail_id}", { path: { guardrail_id: id }, body: { active: !active } });
    patch.mutate({ path: { guardrail_id: id }, body: { active } }, { onSuccess: () => toast(active ? `${name} is on` : `${name} is off: it lets everything pass`, undo(back, active ? `${name} is off again` : `${name} is on again`)), onError: toastError });
  };
  const columns: Column<Guardrail>[] = [
    {
      key: "name",
      head: "Guardrail",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="font-medium wrap-anywhere">{row.name}</span>
          <span className="block text-12 text-muted wrap-anywhere">{does(row)}</span>
        </span>
      ),
    },
    { key: "kind", head: "Kind", width: "w-52", hideBelow: "lg", cell: (row) => <span className="text-muted">{KIND_NAMES[row.settings["kind"] as Kind]}</span> },
    { key: "sides", head: "Looks at", width: "w-40", hideBelow: "sm", cell: (row) => <span className="flex flex-wrap gap-1">{row.sides.map((side) => <Badge key={side}>{side === "in" ? "what goes in" : "what comes back"}</Badge>)}</span> },
    { key: "prompts", head: "Prompts", width: "w-44", hideBelow: "md", cell: (row) => (row.prompts.length === 0 ? <span className="text-muted">all</span> : <span className="line-clamp-2 font-mono text-12 wrap-anywhere">{row.prompts.join(", ")}</span>) },
    { key: "changed", head: "Changed", align: "end", width: "w-28", hideBelow: "lg", cell: (row) => <RelativeTime at={row.updated_at} className="text-muted" /> },
    { key: "on", head: "On", width: "w-14", cell: (row) => <span className="flex"><Switch hideLabel label={`${row.name} is on`} checked={row.active} disabled={!may.admin} why={needs("admin")} onChange={(active) => turn(row, active)} /></span> },
    {
      key: "act",
      head: <span className="sr-only">Act</span>,
      align: "end",
      width: "w-12",
      cell: (row) => (
        <Menu
          label={`What to do with ${row.name}`}
          items={[
            { label: may.admin ? "Change" : "Look at it", onSelect: () => set({ edit: row.id }) },
            "-",
            { label: "Delete", danger: true, disabled: !may.admin, hint: may.admin ? undefined : needs("admin"), onSelect: () => setRemoving(row) },
          ]}
        />
      ),
    },
  ];
  const stopped = <TextLink to="/runs" search={{ status: "blocked" }}>runs that were stopped</TextLink>;
  return (
    <div className="flex flex-col gap-8">
      <div className="flex flex-col gap-2">
        {pages.rows.length > 0 ? <p className="text-13 text-muted">The oldest is asked first. What they did: {stopped}; what was masked is not counted by run.</p> : null}
        <PagedTable
          label="Guardrails"
          columns={columns}
          pages={pages}
          rowKey={(row) => row.id}
          onOpen={(row) => set({ edit: row.id })}
          selected={pages.rows.find((row) => row.name === named)?.id ?? null}
          empty={
            <EmptyState icon={<ShieldCheck size={18} />} title="Nothing is guarded yet" code={ADD} action={<Button variant="primary" onClick={() => set({ edit: "new" })} disabled={!may.admin} why={needs("admin")}>New guardrail</Button>}>
              A guardrail masks personal data before a model reads it, or stops what must not go through. It works around every way to ask a model.
            </EmptyState>
          }
        />
      </div>
      <After>
        <TryText />
      </After>
      {opened === undefined ? null : <EditGuardrail key={edit} guardrail={opened} onClose={() => set({ edit: "" })} />}
      <ConfirmDialog
        open={removing !== null}
        onOpenChange={(open) => !open && (remove.reset(), setRemoving(null))}
        title={`Delete ${removing?.name ?? ""}?`}
        submit="Delete"
        busy={remove.isPending}
        error={remove.error}
        onSubmit={() => removing && remove.mutate({ path: { guardrail_id: removing.id } }, { onSuccess: () => (toast(`${removing.name} is deleted`), setRemoving(null)) })}
      >
        {removing ? `From about a second on nothing of this is done any more: ${lower(does(removing))}. To pause it, switch it off.` : null}
      </ConfirmDialog>
    </div>
  );
}

function lower(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1);
}
