import { Webhook } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function WebhookPage() {
  return (
    <Page title="Webhook endpoint">
      <EmptyState icon={<Webhook size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/webhooks/endpoints/{id} -H "Authorization: Bearer $KEY"'}>
        One endpoint: its deliveries, attempts and statistics.
      </EmptyState>
    </Page>
  );
}
