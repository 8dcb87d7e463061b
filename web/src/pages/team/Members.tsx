import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange, usePages } from "@/api/hooks";
import { type Role, useMay, useSession } from "@/api/session";
import { Badge, Button, type Column, ConfirmDialog, EmptyState, PagedTable, RelativeTime, Select, toast, toastError } from "@/kit";

type Member = Schema<"MemberAnswer">;

export const ROLES = [
  { value: "viewer", label: "Viewer" },
  { value: "editor", label: "Editor" },
  { value: "admin", label: "Admin" },
] as const;

export function Members() {
  const may = useMay();
  const { user } = useSession();
  const [leaving, setLeaving] = useState<Member | null>(null);
  const pages = usePages("/v1/members");
  const change = useChange("patch", "/v1/members/{user_id}", { invalidates: ["/v1/members"] });
  const setRole = (member: Member, role: Role) =>
    change.mutate(
      { path: { user_id: member.user_id }, body: { role } },
      {
        onSuccess: () => toast(`${member.name || member.email} is ${role} now`, { label: "Undo", run: () => change.mutate({ path: { user_id: member.user_id }, body: { role: member.role } }, { onError: toastError }) }),
        onError: toastError,
      },
    );
  const columns: Column<Member>[] = [
    {
      key: "name",
      head: "Member",
      cell: (row) => (
        <span className="block min-w-0">
          <span className="flex flex-wrap items-center gap-1.5 font-medium">
            {row.name || row.email}
            {row.user_id === user.id ? <Badge>you</Badge> : null}
            {row.is_disabled ? <Badge tone="warn">disabled</Badge> : null}
          </span>
          {row.name ? <span className="block text-12 text-muted wrap-anywhere">{row.email}</span> : null}
        </span>
      ),
    },
    { key: "since", head: "Since", align: "end", hideBelow: "sm", width: "w-32", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
    {
      key: "role",
      head: "Role",
      width: "w-36",
      cell: (row) => (may.admin ? <Select compact aria-label={`Role of ${row.name || row.email}`} value={row.role} options={ROLES} onChange={(role) => setRole(row, role)} /> : <Badge>{row.role}</Badge>),
    },
    {
      key: "acts",
      head: <span className="sr-only">Acts</span>,
      align: "end",
      width: "w-24",
      cell: (row) =>
        may.admin ? (
          <Button size="s" variant="ghost" onClick={() => setLeaving(row)} aria-label={`Remove ${row.name || row.email}`}>
            Remove
          </Button>
        ) : null,
    },
  ];
  return (
    <>
      <PagedTable label="Members" columns={columns} pages={pages} rowKey={(row) => row.user_id} empty={<EmptyState title="No members">This workspace is used by API keys alone. Invite somebody.</EmptyState>} />
      {leaving ? <Remove member={leaving} onClose={() => setLeaving(null)} /> : null}
    </>
  );
}

function Remove({ member, onClose }: { member: Member; onClose: () => void }) {
  const remove = useChange("delete", "/v1/members/{user_id}", { invalidates: ["/v1/members"] });
  const send = () =>
    remove.mutate(
      { path: { user_id: member.user_id } },
      {
        onSuccess: () => {
          onClose();
          toast(`${member.name || member.email} is no member any more`);
        },
      },
    );
  return (
    <ConfirmDialog open onOpenChange={(open) => !open && onClose()} title={`Remove ${member.name || member.email}?`} submit="Remove" onSubmit={send} busy={remove.isPending} error={remove.error}>
      Their sessions in this workspace end within a second. What they made stays, with their name. They can be invited again.
    </ConfirmDialog>
  );
}
