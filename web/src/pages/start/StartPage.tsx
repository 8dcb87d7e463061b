import { Flag } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function StartPage() {
  return (
    <Page title="First steps">
      <EmptyState icon={<Flag size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/prompts -H "Authorization: Bearer $KEY"'}>
        From a prompt to its first run, its first feedback and its first better version.
      </EmptyState>
    </Page>
  );
}
