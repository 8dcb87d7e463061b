import { Suspense, useState } from "react";
import { needs, useMay } from "@/api/session";
import { Button, EmptyState, Page, SkeletonTable, Tabs } from "@/kit";
import { later } from "@/lib/later";
import { oneOf, useUrlState } from "@/lib/url-state";
import { ScrollText, UserPlus } from "lucide-react";
import { Audit } from "./Audit";
import { Invitations } from "./Invitations";
import { Invite } from "./Invite";
import { Members } from "./Members";

// What the API says of all its operations: read by few, and not by whoever looks at the members.
const Roles = later(() => import("./Roles"));

const shape = { tab: oneOf(["members", "invitations", "roles", "audit"], "members") };

export default function TeamPage() {
  const may = useMay();
  const [{ tab }, set] = useUrlState(shape);
  const [inviting, setInviting] = useState(false);
  const forAdmins = (
    <EmptyState icon={<ScrollText size={18} />} title="For admins">
      Only admins of the workspace see this.
    </EmptyState>
  );
  return (
    <Page
      title="Team"
      subtitle="Who works in this workspace, what each may, and what was changed by whom."
      actions={
        <Button variant="primary" icon={<UserPlus size={14} aria-hidden />} onClick={() => setInviting(true)} disabled={!may.admin} why={needs("admin")}>
          Invite
        </Button>
      }
    >
      <Tabs
        label="Team"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          { id: "members", label: "Members", content: <Members /> },
          { id: "invitations", label: "Invitations", content: may.admin ? <Invitations onInvite={() => setInviting(true)} /> : forAdmins },
          { id: "roles", label: "Roles", content: <Suspense fallback={<SkeletonTable columns={4} />}><Roles /></Suspense> },
          { id: "audit", label: "Audit log", content: may.admin ? <Audit /> : forAdmins },
        ]}
      />
      <Invite open={inviting} onOpenChange={setInviting} />
    </Page>
  );
}
