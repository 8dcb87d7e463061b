import { useSession } from "@/api/session";
import { EmptyState, Page, Tabs } from "@/kit";
import { oneOf, useUrlState } from "@/lib/url-state";
import { Account } from "./Account";
import { Files } from "./Files";
import { Privacy } from "./Privacy";
import { Organization } from "./Organization";
import { Workspaces } from "./Workspaces";
import { WorkspaceSettings } from "./WorkspaceSettings";

const shape = { tab: oneOf(["workspace", "files", "privacy", "workspaces", "organization", "account"], "workspace") };

export default function SettingsPage() {
  const { workspace } = useSession();
  const [{ tab }, set] = useUrlState(shape);
  const none = <EmptyState title="You are in no workspace">Ask for an invitation, or found one.</EmptyState>;
  return (
    <Page title="Settings" subtitle={workspace ? (workspace.name === workspace.organization_name ? workspace.name : `${workspace.name}, of ${workspace.organization_name}`) : undefined}>
      <Tabs
        label="Settings"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          { id: "workspace", label: "Workspace", content: workspace ? <WorkspaceSettings id={workspace.id} /> : none },
          { id: "files", label: "Export and import", content: workspace ? <Files /> : none },
          { id: "privacy", label: "Retention and erasure", content: workspace ? <Privacy id={workspace.id} /> : none },
          { id: "workspaces", label: "Workspaces", content: <Workspaces /> },
          { id: "organization", label: "Organization", content: workspace ? <Organization /> : none },
          { id: "account", label: "Your account", content: <Account /> },
        ]}
      />
    </Page>
  );
}
