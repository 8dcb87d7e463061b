import { ScrollText } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function RunPage() {
  return (
    <Page title="Run">
      <EmptyState icon={<ScrollText size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/executions/{id} -H "Authorization: Bearer $KEY"'}>
        One execution with all that is known of it.
      </EmptyState>
    </Page>
  );
}
