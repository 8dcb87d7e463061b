import { BellRing } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function AlertPage() {
  return (
    <Page title="Alert">
      <EmptyState icon={<BellRing size={18} />} title="Not here yet: use the API meanwhile" code={'curl $URL/v1/alerts/{id} -H "Authorization: Bearer $KEY"'}>
        One alert with its figures before and after.
      </EmptyState>
    </Page>
  );
}
