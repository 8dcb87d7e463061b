import { Gauge } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function UsagePage() {
  return (
    <Page title="Usage and plan">
      <EmptyState icon={<Gauge size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/usage -H "Authorization: Bearer $KEY"'}>
        Credits, budgets, and what was used by prompt, key and model.
      </EmptyState>
    </Page>
  );
}
