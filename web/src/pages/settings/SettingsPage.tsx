import { useSession } from "@/api/session";
import { EmptyState, Page, Tabs } from "@/kit";
import { oneOf, useUrlState } from "@/lib/url-state";
import { Account } from "./Account";
import { DeadLetters } from "./DeadLetters";
import { Files } from "./Files";
import { Privacy } from "./Privacy";
import { Organization } from "./Organization";
import { Workspaces } from "./Workspaces";
import { WorkspaceSettings } from "./WorkspaceSettings";

const shape = { tab: oneOf(["workspace", "files", "privacy", "workspaces", "organization", "dead-letters", "account"], "workspace") };

export default function SettingsPage() {
  const { workspace, user } = useSession();
  const [{ tab }, set] = useUrlState(shape);
  const none = <EmptyState title="You are in no workspace">Ask for an invitation, or found one.</EmptyState>;
  return (
    <Page title="Settings" subtitle={workspace ? (workspace.name === workspace.organization_name ? workspace.name : `${workspace.name}, of ${workspace.organization_name}`) : undefined}>
      <Tabs
        label="Settings"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          { id: "workspace", keeps: true, label: "Workspace", content: workspace ? <WorkspaceSettings id={workspace.id} /> : none },
          { id: "files", label: "Export and import", content: workspace ? <Files /> : none },
          { id: "privacy", keeps: true, label: "Retention and erasure", content: workspace ? <Privacy id={workspace.id} /> : none },
          { id: "workspaces", label: "Workspaces", content: <Workspaces /> },
          { id: "organization", keeps: true, label: "Organization", content: workspace ? <Organization /> : none },
          ...(user.is_operator ? [{ id: "dead-letters" as const, label: "Dead letters", content: <DeadLetters /> }] : []),
          { id: "account", label: "Your account", content: <Account /> },
        ]}
      />
    </Page>
  );
}
