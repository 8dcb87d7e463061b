import { KeyRound } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function ApiKeysPage() {
  return (
    <Page title="API keys">
      <EmptyState icon={<KeyRound size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/api-keys -H "Authorization: Bearer $KEY"'}>
        Keys for your programs, each with its role, scopes, expiry and budget.
      </EmptyState>
    </Page>
  );
}
