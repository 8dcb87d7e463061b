import { Webhook } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function WebhooksPage() {
  return (
    <Page title="Webhooks">
      <EmptyState icon={<Webhook size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/webhooks/endpoints -H "Authorization: Bearer $KEY"'}>
        Events to your own address, signed, with each delivery and its replay.
      </EmptyState>
    </Page>
  );
}
