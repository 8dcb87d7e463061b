import { FileText } from "lucide-react";
import { EmptyState, Page } from "@/kit";
import { usePathParam } from "@/lib/pages";

export default function PromptPage() {
  const slug = usePathParam("slug");
  return (
    <Page title={slug} heading={<span className="font-mono text-20">{slug}</span>} back={{ to: "/prompts", label: "Prompts" }}>
      <EmptyState icon={<FileText size={18} />} title="Not here yet: use the API meanwhile" code={`curl $URL/v1/prompts/${slug} -H "Authorization: Bearer $KEY"`}>
        Its text, its versions, its results and its settings.
      </EmptyState>
    </Page>
  );
}
