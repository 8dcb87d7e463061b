import { BellRing } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function AlertsPage() {
  return (
    <Page title="Alerts">
      <EmptyState icon={<BellRing size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/alerts -H "Authorization: Bearer $KEY"'}>
        What got worse, since when, and what changed at about that time.
      </EmptyState>
    </Page>
  );
}
