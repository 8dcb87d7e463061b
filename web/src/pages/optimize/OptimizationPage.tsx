import { Wand } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function OptimizationPage() {
  return (
    <Page title="Optimization">
      <EmptyState icon={<Wand size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/optimizations/{id} -H "Authorization: Bearer $KEY"'}>
        One search: its progress, its candidates, and what it suggests.
      </EmptyState>
    </Page>
  );
}
