import { ScrollText } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function SessionPage() {
  return (
    <Page title="Session">
      <EmptyState icon={<ScrollText size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/sessions/{id} -H "Authorization: Bearer $KEY"'}>
        One conversation: its executions in their order, and its feedback.
      </EmptyState>
    </Page>
  );
}
