import { Wand } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function OptimizePage() {
  return (
    <Page title="Optimize">
      <EmptyState icon={<Wand size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/optimizations -H "Authorization: Bearer $KEY"'}>
        Searches for a better version within a budget, and suggests it with its evidence.
      </EmptyState>
    </Page>
  );
}
