import { ListChecks } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function TestRunPage() {
  return (
    <Page title="Test run">
      <EmptyState icon={<ListChecks size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/test-runs/{id} -H "Authorization: Bearer $KEY"'}>
        One test run: accuracy, confusion matrix, failed cases.
      </EmptyState>
    </Page>
  );
}
