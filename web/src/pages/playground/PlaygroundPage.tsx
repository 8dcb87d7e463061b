import { CirclePlay } from "lucide-react";
import { EmptyState, Page } from "@/kit";

export default function PlaygroundPage() {
  return (
    <Page title="Playground">
      <EmptyState icon={<CirclePlay size={18} />} title="Not here yet: use the API meanwhile" code={'curl -X POST $URL/v1/executions -H "Authorization: Bearer $KEY"'}>
        Try a prompt with different versions and models, side by side.
      </EmptyState>
    </Page>
  );
}
