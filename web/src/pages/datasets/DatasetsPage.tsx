import { Database } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function DatasetsPage() {
  return (
    <Page title="Datasets">
      <EmptyState icon={<Database size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/datasets -H "Authorization: Bearer $KEY"'}>
        Examples with their expected answers, split for training, validation and test.
      </EmptyState>
    </Page>
  );
}
