import { LibraryBig } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function LibraryPage() {
  return (
    <Page title="Library">
      <EmptyState icon={<LibraryBig size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/marketplace -H "Authorization: Bearer $KEY"'}>
        Prompts that others published, with their figures, to clone.
      </EmptyState>
    </Page>
  );
}
