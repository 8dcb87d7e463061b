import { PlugZap } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function ProvidersPage() {
  return (
    <Page title="Providers">
      <EmptyState icon={<PlugZap size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/provider-keys -H "Authorization: Bearer $KEY"'}>
        Your own keys at model providers, and the models that may be used.
      </EmptyState>
    </Page>
  );
}
