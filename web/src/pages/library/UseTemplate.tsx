import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useFreeSlug } from "@/api/free-slug";
import { useModels } from "@/api/models";
import { useChange } from "@/api/hooks";
import { Combobox, Field, FormDialog, Input, errorFor, tellWarnings, toast } from "@/kit";
import type { TemplateEntry } from "./model";

/** Makes a prompt of one's own of a template, and goes there. */
export function UseTemplate({ template, onClose }: { template: TemplateEntry; onClose: () => void }) {
  const free = useFreeSlug(template.slug);
  const [typed, setSlug] = useState<string | null>(null);
  const slug = typed ?? free;
  const [model, setModel] = useState<string | null>(null);
  const { choices } = useModels();
  const navigate = useNavigate();
  const use = useChange("post", "/v1/templates/{template_id}/use", { invalidates: ["/v1/templates", "/v1/prompts"] });
  const submit = () =>
    use.mutate(
      { path: { template_id: template.id }, body: { slug: slug.trim(), model, label: "production", folder: "" } },
      {
        onSuccess: (prompt) => {
          toast(`${prompt.slug} is yours: version 1, live`);
          tellWarnings(prompt);
          void navigate({ to: `/prompts/${prompt.slug}` });
        },
      },
    );
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title={`Use ${template.name}`} description="It becomes a prompt of your own, live as version 1. Change what you like; the template stays as it is." submit="Make the prompt" onSubmit={submit} busy={use.isPending} error={use.error} disabled={!slug.trim()}>
      <Field label="Name" hint="What your application calls it by: lower-case letters, digits, - and _." error={errorFor(use.error, "slug")} required>
        <Input mono autoFocus value={slug} onChange={(event) => setSlug(event.target.value)} />
      </Field>
      <Field label="Model" hint={`Where you choose none: ${template.model}.`} error={errorFor(use.error, "model")}>
        <Combobox label="Model" value={model} clear={`As the template says: ${template.model}`} choices={choices} onChange={setModel} />
      </Field>
    </FormDialog>
  );
}
