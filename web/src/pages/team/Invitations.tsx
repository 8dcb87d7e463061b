import { Mail } from "lucide-react";
import type { Schema } from "@/api/client";
import { useChange, usePages } from "@/api/hooks";
import { Badge, Button, type Column, EmptyState, PagedTable, RelativeTime, StatusBadge, toast, toastError } from "@/kit";
import { mailTrouble } from "./mail";

type Invitation = Schema<"InvitationAnswer">;

export function Invitations({ onInvite }: { onInvite: () => void }) {
  const pages = usePages("/v1/invitations");
  const revoke = useChange("delete", "/v1/invitations/{invitation_id}", { invalidates: ["/v1/invitations"] });
  const takeBack = (row: Invitation) => revoke.mutate({ path: { invitation_id: row.id } }, { onSuccess: () => toast(`The link sent to ${row.email} works no more`), onError: toastError });
  const columns: Column<Invitation>[] = [
    { key: "email", head: "Invited", cell: (row) => <span className="font-medium wrap-anywhere">{row.email} <span className="sm:hidden"><Badge>{row.role}</Badge></span></span> },
    { key: "role", head: "As", width: "w-24", hideBelow: "sm", cell: (row) => <Badge>{row.role}</Badge> },
    { key: "when", head: "Sent", align: "end", hideBelow: "sm", width: "w-28", cell: (row) => <RelativeTime at={row.created_at} className="text-muted" /> },
    { key: "status", head: "Status", width: "w-44", cell: (row) => <span className="flex flex-wrap items-center gap-1.5"><StatusBadge status={row.status} />{row.status === "open" ? <span className="text-12 text-muted">ends <RelativeTime at={row.expires_at} /></span> : null}<Mailed row={row} /></span> },
    { key: "acts", head: <span className="sr-only">Acts</span>, align: "end", width: "w-28", cell: (row) => (row.status === "open" ? <Button size="s" variant="ghost" busy={revoke.isPending && revoke.variables.path.invitation_id === row.id} onClick={() => takeBack(row)} aria-label={`Take back the invitation of ${row.email}`}>Take back</Button> : null) },
  ];
  return (
    <PagedTable
      label="Invitations"
      columns={columns}
      pages={pages}
      rowKey={(row) => row.id}
      empty={
        <EmptyState icon={<Mail size={18} />} title="Nobody was invited yet" action={<Button onClick={onInvite}>Invite somebody</Button>}>
          An invitation is a link that works once, for the address that it was made for.
        </EmptyState>
      }
    />
  );
}

/** What became of the mail; of a link that is used or taken back nobody asks any more. */
function Mailed({ row }: { row: Invitation }) {
  if (row.status !== "open" || row.mail === null) return null;
  if (row.mail === "sent") return <Badge>mailed</Badge>;
  return (
    <>
      <Badge tone={row.mail === "failed" ? "bad" : "warn"}>{row.mail === "failed" ? "not mailed" : row.mail_error ? "mail is tried again" : "mail under way"}</Badge>
      {row.mail_error ? <span className="text-12 text-pretty text-muted">{mailTrouble(row.mail_error)}</span> : null}
    </>
  );
}
