import { type FormEvent, useState } from "react";
import { useChange, usePages, useRead } from "@/api/hooks";
import type { Schema } from "@/api/client";
import { useDraftOver } from "@/api/draft-over";
import { useMay, useSession } from "@/api/session";
import { useUnsaved } from "@/api/unsaved";
import { After, Badge, Button, type Column, Combobox, CopyButton, Drawer, EmptyState, ErrorState, Facts, Field, FormDialog, FormError, Input, Loaded, Meanwhile, Menu, Notice, RelativeTime, SecretDialog, Section, SkeletonText, Table, errorFor, toast } from "@/kit";
import { moment } from "@/lib/format";
import { id, over, text, useUrlState } from "@/lib/url-state";
import { WorkspaceReceipt } from "./Receipt";
import { DeleteWorkspace, MoveCredit, Suspend, type There } from "./WorkspaceActs";

type Whole = Schema<"OrganizationAnswer">;
type Row = NonNullable<Whole["workspaces"]>[number];
type Membership = NonNullable<Whole["members"]>[number];

const shape = { org: text(), erased: over(id()) };

/** The organizations that one belongs to; for who governs one, its name, workspaces and members. */
export function Organization() {
  const { workspace, user } = useSession();
  const [{ org }, set] = useUrlState(shape);
  const all = usePages("/v1/organizations");
  const ways = useRead("/v1/auth/ways", {}, { staleTime: 300_000 });
  // Read beside the list: without another in the address this is the one that will be shown.
  useRead("/v1/organizations/{organization_id}", { path: { organization_id: workspace?.organization_id ?? "" } }, { enabled: workspace !== null && org === "" });
  const [founding, setFounding] = useState(false);
  const chosen = all.rows.find((one) => one.id === org) ?? all.rows.find((one) => one.id === workspace?.organization_id) ?? all.rows[0];
  const mayFound = user.is_operator || ways.data?.sign_up === "open";
  if (all.error && all.rows.length === 0) return <ErrorState error={all.error} onRetry={all.retry} />;
  if (all.isPending) return <SkeletonText lines={5} />;
  return (
    <div className="flex flex-col gap-8">
      {all.rows.length > 1 || mayFound ? (
        <div className="flex flex-wrap items-center justify-between gap-3">
          {all.rows.length > 1 ? <Combobox label="Organization" value={chosen?.id ?? null} choices={all.rows.map((one) => ({ value: one.id, label: one.name, hint: one.governs ? "you govern it" : undefined }))} onChange={(next) => set({ org: next ?? "" })} /> : <span />}
          {mayFound ? <Button onClick={() => setFounding(true)}>Found an organization</Button> : null}
        </div>
      ) : null}
      {chosen ? <One key={chosen.id} id={chosen.id} /> : <EmptyState title="You belong to no organization">Ask for an invitation.</EmptyState>}
      {user.is_operator ? (
        <After>
          <OfOthers />
        </After>
      ) : null}
      {founding ? <Found onClose={() => setFounding(false)} /> : null}
    </div>
  );
}

function One({ id }: { id: string }) {
  const found = useRead("/v1/organizations/{organization_id}", { path: { organization_id: id } });
  return (
    <Loaded of={found}>
      {(whole) => (
        <>
          <About whole={whole} />
          {whole.workspaces ? <WorkspacesOf whole={whole} rows={whole.workspaces} /> : null}
          {whole.members ? <MembersOf members={whole.members} workspaces={whole.workspaces ?? []} /> : null}
        </>
      )}
    </Loaded>
  );
}

function About({ whole }: { whole: Whole }) {
  const { base, draft: name, set: setName, isBehind, takeNewest, settle } = useDraftOver(whole.name);
  const isChanged = name.trim() !== base;
  useUnsaved(isChanged && whole.governs, "the name of the organization");
  const rename = useChange("patch", "/v1/organizations/{organization_id}", { invalidates: ["/v1/organizations", "/v1/workspaces"] });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate({ path: { organization_id: whole.id }, body: { name: name.trim() } }, {
      onSuccess: () => {
        settle(name.trim());
        toast("Renamed");
      },
    });
  };
  return (
    <Section title={whole.name} description={whole.governs ? undefined : "Admins of its home workspace govern it: they rename it, and see all its workspaces and members."}>
      <Facts
        facts={[
          ["Plan", whole.plan],
          ["Since", moment(whole.created_at)],
          ["Id", <span key="id" className="inline-flex items-center gap-1"><code className="break-all">{whole.id}</code><CopyButton text={whole.id} label="Copy the id" /></span>],
        ]}
      />
      <Meanwhile show={isBehind} onTake={takeNewest} />
      {whole.governs ? (
        <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
          <Field label="Name of the organization" required error={errorFor(rename.error, "name")} className="w-full max-w-sm">
            <Input value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
          </Field>
          <Button type="submit" busy={rename.isPending} disabled={!name.trim() || !isChanged}>
            Rename
          </Button>
          <FormError error={rename.error} />
        </form>
      ) : null}
    </Section>
  );
}

type Act = { what: "credit" | "suspend" | "resume" | "delete"; row: There };

function WorkspacesOf({ whole, rows }: { whole: Whole; rows: readonly Row[] }) {
  const may = useMay();
  const { workspaces: own } = useSession();
  const [act, setAct] = useState<Act | null>(null);
  const [{ erased }, set] = useUrlState(shape);
  const open = (workspace: string) => set({ erased: workspace });
  const organization = { id: whole.id, name: whole.name };
  const columns: Column<Row>[] = [
    {
      key: "name",
      head: "Workspace",
      cell: (row) => (
        <span className="flex flex-wrap items-center gap-1.5 font-medium">
          {row.name}
          {row.id === whole.home_workspace_id ? <Badge>home</Badge> : null}
          {row.suspended_at ? <Badge tone="bad">suspended</Badge> : null}
          {own.some((one) => one.id === row.id && one.role) ? null : <Badge>you are no member</Badge>}
        </span>
      ),
    },
    { key: "members", head: "Members", align: "end", width: "w-24", cell: (row) => row.members },
    { key: "since", head: "Since", align: "end", width: "w-32", hideBelow: "sm", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
    {
      key: "acts",
      head: <span className="sr-only">Acts</span>,
      align: "end",
      width: "w-16",
      cell: (row) => (
        <Menu
          label={`What to do with ${row.name}`}
          items={[
            { label: "Move credit…", onSelect: () => setAct({ what: "credit", row }), disabled: rows.length < 2 },
            ...(may.operator ? [row.suspended_at ? { label: "Resume…", onSelect: () => setAct({ what: "resume" as const, row }) } : { label: "Suspend…", onSelect: () => setAct({ what: "suspend" as const, row }) }] : []),
            ...(row.suspended_at ? [{ label: "Its erasure and receipt", onSelect: () => open(row.id) }] : []),
            { label: "Erase for good…", danger: true, onSelect: () => setAct({ what: "delete", row }), disabled: rows.length < 2, hint: rows.length < 2 ? "The last one stays" : undefined },
          ]}
        />
      ),
    },
  ];
  const close = () => setAct(null);
  return (
    <Section title="Workspaces" description="All of the organization, also those that you are no member of: what is in them is not shown.">
      <Table label="Workspaces of the organization" columns={columns} rows={rows} rowKey={(row) => row.id} />
      {act?.what === "credit" ? <MoveCredit from={act.row} others={rows} onClose={close} /> : null}
      {act?.what === "suspend" || act?.what === "resume" ? <Suspend there={act.row} resume={act.what === "resume"} onClose={close} /> : null}
      {act?.what === "delete" ? <DeleteWorkspace there={act.row} organization={organization} onClose={close} onErased={() => open(act.row.id)} /> : null}
      <Drawer open={erased !== ""} onOpenChange={(next) => (next ? undefined : set({ erased: "" }))} title="Erasure of a workspace" description={<code className="text-12 wrap-anywhere">{erased}</code>}>
        {erased ? <WorkspaceReceipt key={erased} id={erased} /> : null}
      </Drawer>
    </Section>
  );
}

function MembersOf({ members, workspaces }: { members: readonly Membership[]; workspaces: readonly Row[] }) {
  const nameOf = new Map(workspaces.map((one) => [one.id, one.name]));
  return (
    <Section title="Members" description="Of all its workspaces, one line for each membership. They are invited and removed in the workspace, under Team.">
      <Table
        label="Members of the organization"
        rows={members}
        rowKey={(row) => `${row.user_id} ${row.workspace_id}`}
        columns={[
          { key: "name", head: "Member", cell: (row) => <span className="block min-w-0"><span className="block font-medium">{row.name || row.email}</span>{row.name ? <span className="block text-12 text-muted wrap-anywhere">{row.email}</span> : null}</span> },
          { key: "workspace", head: "Workspace", cell: (row) => nameOf.get(row.workspace_id) ?? "–" },
          { key: "role", head: "Role", width: "w-24", cell: (row) => <Badge>{row.role}</Badge> },
        ]}
      />
    </Section>
  );
}

const IS_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The operator's acts on any workspace of the installation, which they need not be a member of: it is named by its id. */
function OfOthers() {
  const [id, setId] = useState("");
  const [act, setAct] = useState<"suspend" | "resume" | null>(null);
  const isId = IS_ID.test(id.trim());
  const there: There = { id: id.trim(), name: id.trim() };
  return (
    <Section title="Any workspace of this installation" description="For the operator. Its id stands in its settings, and in the audit log.">
      <div className="flex flex-wrap items-end gap-3">
        <Field label="Workspace id" className="w-full max-w-sm" error={id.trim() && !isId ? "An id looks like 0196f0c2-7d1a-7c3e-9b1f-2f6f0a4f8d11." : undefined}>
          <Input mono value={id} onChange={(event) => setId(event.target.value)} />
        </Field>
        <Button disabled={!isId} onClick={() => setAct("suspend")}>
          Suspend…
        </Button>
        <Button disabled={!isId} onClick={() => setAct("resume")}>
          Resume…
        </Button>
      </div>
      {act ? <Suspend there={there} resume={act === "resume"} onClose={() => setAct(null)} /> : null}
    </Section>
  );
}

function Found({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const { user } = useSession();
  const found = useChange("post", "/v1/organizations", { invalidates: ["/v1/organizations", "/v1/workspaces"] });
  const made = found.data;
  if (made) return <SecretDialog title={`${made.name} is there`} secret={made.api_key} what="its admin key" onClose={onClose} />;
  return (
    <FormDialog open onOpenChange={(open) => open || onClose()} title="Found an organization" description="With a home workspace of its own, and an admin key for it, shown once." submit="Found it" busy={found.isPending} error={found.error} disabled={!name.trim()} onSubmit={() => found.mutate({ body: { name: name.trim() } } as never)}>
      <Field label="Name" required error={errorFor(found.error, "name")}>
        <Input autoFocus value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
      </Field>
      {user.is_operator ? null : <Notice>The first one that you found brings what its plan gives; further ones bring nothing until the operator chooses their plan.</Notice>}
    </FormDialog>
  );
}
