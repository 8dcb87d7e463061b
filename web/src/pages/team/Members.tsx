import { useState } from "react";
import { type Answer, change, useChange, usePages } from "@/api/hooks";
import { type Role, useMay, useSession, useSessionState } from "@/api/session";
import { Badge, Button, type Column, ConfirmDialog, EmptyState, PagedTable, RelativeTime, Select, toast, useUndo } from "@/kit";
import { ResetPassword } from "./ResetPassword";

type Member = Answer<"/v1/members">["data"][number];

export const ROLES = [
  { value: "viewer", label: "Viewer" },
  { value: "editor", label: "Editor" },
  { value: "admin", label: "Admin" },
] as const;

export function Members() {
  const may = useMay();
  const { user } = useSession();
  const [leaving, setLeaving] = useState<Member | null>(null);
  const [resetting, setResetting] = useState<Member | null>(null);
  const pages = usePages("/v1/members");
  // Asked first: the arrow keys alone change a select, and one's own role is not given back by oneself.
  const [turning, setTurning] = useState<{ member: Member; role: Role } | null>(null);
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
      cell: (row) => (may.admin ? <span className="inline-grid min-w-24"><Select compact aria-label={`Role of ${row.name || row.email}`} value={row.role} options={ROLES} onChange={(role) => setTurning({ member: row, role })} /></span> : <Badge>{row.role}</Badge>),
    },
    {
      key: "acts",
      head: <span className="sr-only">Acts</span>,
      align: "end",
      width: "w-52",
      cell: (row) =>
        may.admin ? (
          <span className="flex flex-wrap justify-end gap-1 max-sm:flex-col max-sm:items-end">
            {row.user_id === user.id ? null : (
              <Button size="s" variant="ghost" onClick={() => setResetting(row)} aria-label={`Reset password of ${row.name || row.email}`}>
                Reset password
              </Button>
            )}
            <Button size="s" variant="ghost" onClick={() => setLeaving(row)} aria-label={`Remove ${row.name || row.email}`}>
              Remove
            </Button>
          </span>
        ) : null,
    },
  ];
  return (
    <>
      <PagedTable label="Members" columns={columns} pages={pages} rowKey={(row) => row.user_id} empty={<EmptyState title="No members">This workspace is used by API keys alone. Invite somebody.</EmptyState>} />
      {turning ? <ChangeRole {...turning} isOwn={turning.member.user_id === user.id} onClose={() => setTurning(null)} /> : null}
      {resetting ? <ResetPassword userId={resetting.user_id} name={resetting.name || resetting.email || "this member"} onClose={() => setResetting(null)} /> : null}
      {leaving ? <Remove member={leaving} onClose={() => setLeaving(null)} /> : null}
    </>
  );
}

const MAY: Record<Role, string> = {
  viewer: "A viewer reads everything here and runs prompts.",
  editor: "An editor also changes prompts, datasets and what watches them.",
  admin: "An admin may do everything here: members, keys and money too.",
};

function ChangeRole({ member, role, isOwn, onClose }: { member: Member; role: Role; isOwn: boolean; onClose: () => void }) {
  const { retry: readSessionAgain } = useSessionState();
  const patch = useChange("patch", "/v1/members/{user_id}", { invalidates: ["/v1/members"] });
  const undo = useUndo(["/v1/members"]);
  const name = member.name || member.email;
  const path = { user_id: member.user_id };
  const back = () => change("patch", "/v1/members/{user_id}", { path, body: { role: member.role } });
  const send = () =>
    patch.mutate(
      { path, body: { role } },
      {
        onSuccess: () => {
          onClose();
          if (isOwn) readSessionAgain();
          toast(`${name} is ${role} now`, isOwn ? undefined : undo(back, `${name} is ${member.role} again`));
        },
      },
    );
  return (
    <ConfirmDialog open onOpenChange={(open) => !open && onClose()} title={isOwn ? `Become ${role} yourself?` : `Make ${name} ${role}?`} submit={`Make ${isOwn ? "me" : "them"} ${role}`} danger={isOwn} onSubmit={send} busy={patch.isPending} error={patch.error}>
      {MAY[role]} {isOwn ? "You are no admin here any more then, and only another admin can change that." : "It holds within a second."}
    </ConfirmDialog>
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
