import { ScrollText } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function RunsPage() {
  return (
    <Page title="Runs">
      <EmptyState icon={<ScrollText size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/executions -H "Authorization: Bearer $KEY"'}>
        Every execution, with what went in, what came out, its cost and its feedback.
      </EmptyState>
    </Page>
  );
}
