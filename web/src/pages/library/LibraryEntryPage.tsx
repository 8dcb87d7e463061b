import { LibraryBig } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function LibraryEntryPage() {
  return (
    <Page title="Library entry">
      <EmptyState icon={<LibraryBig size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/marketplace/{id} -H "Authorization: Bearer $KEY"'}>
        One published prompt.
      </EmptyState>
    </Page>
  );
}
