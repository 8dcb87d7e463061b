import { Users } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function TeamPage() {
  return (
    <Page title="Team">
      <EmptyState icon={<Users size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/members -H "Authorization: Bearer $KEY"'}>
        Members and their roles, invitations, and the audit log.
      </EmptyState>
    </Page>
  );
}
