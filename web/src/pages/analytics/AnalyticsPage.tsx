import { Activity } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function AnalyticsPage() {
  return (
    <Page title="Analytics">
      <EmptyState icon={<Activity size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/analytics/summary -H "Authorization: Bearer $KEY"'}>
        Executions, latency, satisfaction, cost and effectiveness over any range, live.
      </EmptyState>
    </Page>
  );
}
