import { Database } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function DatasetPage() {
  return (
    <Page title="Dataset">
      <EmptyState icon={<Database size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/datasets/{id}/items -H "Authorization: Bearer $KEY"'}>
        The items of one dataset by split.
      </EmptyState>
    </Page>
  );
}
