import { ListChecks } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function TestRunsPage() {
  return (
    <Page title="Test runs">
      <EmptyState icon={<ListChecks size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/test-runs -H "Authorization: Bearer $KEY"'}>
        How good a version is on a dataset, with its interval and each failed case.
      </EmptyState>
    </Page>
  );
}
