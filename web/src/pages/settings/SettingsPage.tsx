import { Settings } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function SettingsPage() {
  return (
    <Page title="Settings">
      <EmptyState icon={<Settings size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/workspaces/{id} -H "Authorization: Bearer $KEY"'}>
        The workspace and your account.
      </EmptyState>
    </Page>
  );
}
