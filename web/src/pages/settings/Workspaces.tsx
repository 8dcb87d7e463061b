import { useState } from "react";
import type { Schema } from "@/api/client";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useChange, usePages } from "@/api/hooks";
import { needs, sessionChanged, useMay, useSession, useSessionState } from "@/api/session";
import { Badge, Button, type Column, ConfirmDialog, EmptyState, Field, FormDialog, Input, PagedTable, SecretDialog, errorFor, toast, toastError } from "@/kit";

type Own = Schema<"OwnWorkspace">;

export function Workspaces() {
  const may = useMay();
  const { workspace } = useSession();
  const goTo = useGoTo();
  const [creating, setCreating] = useState(false);
  const [leaving, setLeaving] = useState<Own | null>(null);
  const pages = usePages("/v1/workspaces");
  const columns: Column<Own>[] = [
    { key: "name", head: "Workspace", cell: (row) => <span className="flex flex-wrap items-center gap-1.5 font-medium">{row.name}{row.is_home ? <Badge>home</Badge> : null}</span> },
    { key: "organization", head: "Organization", hideBelow: "sm", cell: (row) => row.organization_name },
    { key: "role", head: "You are", width: "w-28", cell: (row) => (row.role ? <Badge>{row.role}</Badge> : <span className="text-muted">no member</span>) },
    {
      key: "acts",
      head: <span className="sr-only">Acts</span>,
      align: "end",
      width: "w-44",
      cell: (row) => (
        <span className="inline-flex items-center gap-2">
          {row.id === workspace?.id ? (
            <span className="text-12 text-muted">here</span>
          ) : row.role ? (
            <Button size="s" onClick={() => void goTo(row.id).catch(toastError)} aria-label={`Go to ${row.name}`}>
              Go there
            </Button>
          ) : null}
          {row.role ? (
            <Button size="s" variant="ghost" onClick={() => setLeaving(row)} aria-label={`Leave ${row.name}`}>
              Leave…
            </Button>
          ) : null}
        </span>
      ),
    },
  ];
  return (
    <div className="flex flex-col gap-4">
      <div className="flex justify-end">
        <Button onClick={() => setCreating(true)} disabled={!may.admin} why={needs("admin")}>
          New workspace
        </Button>
      </div>
      <PagedTable label="Workspaces" columns={columns} pages={pages} rowKey={(row) => row.id} empty={<EmptyState title="No workspaces">Ask for an invitation.</EmptyState>} />
      {creating ? <NewWorkspace onOpenChange={setCreating} /> : null}
      {leaving ? <Leave workspace={leaving} onClose={() => setLeaving(null)} /> : null}
    </div>
  );
}

function Leave({ workspace, onClose }: { workspace: Own; onClose: () => void }) {
  const queries = useQueryClient();
  const leave = useChange("delete", "/v1/auth/memberships/{workspace_id}");
  const done = () => {
    onClose();
    toast(`You are in ${workspace.name} no longer`);
    void sessionChanged(queries).catch(toastError);
  };
  return (
    <ConfirmDialog open onOpenChange={(open) => (open ? undefined : onClose())} title={`Leave ${workspace.name}?`} submit="Leave" busy={leave.isPending} error={leave.error} onSubmit={() => leave.mutate({ path: { workspace_id: workspace.id } }, { onSuccess: done })}>
      You see nothing of it from then on, and come back by an invitation alone. Keys that you made go on. Its last admin cannot leave.
    </ConfirmDialog>
  );
}

/** Into a workspace of one's own, also one that was made a moment ago, of which the session may not know yet: it would lead into another. */
function useGoTo(): (id: string) => Promise<void> {
  const queries = useQueryClient();
  const { workspaces } = useSession();
  const { choose } = useSessionState();
  return async (id) => {
    if (!workspaces.some((one) => one.id === id && one.role)) await sessionChanged(queries);
    choose(id);
  };
}

function NewWorkspace({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const goTo = useGoTo();
  const navigate = useNavigate();
  const { retry: readSessionAgain } = useSessionState();
  const [name, setName] = useState("");
  const create = useChange("post", "/v1/workspaces", { invalidates: ["/v1/workspaces"] });
  const made = create.data;
  if (made) {
    const go = async () => {
      await goTo(made.id);
      onOpenChange(false);
      await navigate({ to: "/start" }); // Nothing is in it yet.
    };
    return (
      <SecretDialog title={`${made.name} is there`} secret={made.api_key} what="its admin key" done="I have it, go there" onDone={() => void go().catch(toastError)} onClose={() => onOpenChange(false)} />
    );
  }
  return (
    <FormDialog open onOpenChange={onOpenChange} title="New workspace" description="In the same organization, with prompts, keys, members and books of its own." submit="Make it" onSubmit={() => create.mutate({ body: { name: name.trim() } } as never, { onSuccess: readSessionAgain })} busy={create.isPending} error={create.error} disabled={!name.trim()}>
      <Field label="Name" error={errorFor(create.error, "name")} required>
        <Input autoFocus value={name} onChange={(event) => setName(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
