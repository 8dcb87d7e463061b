import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { read, useChange } from "@/api/hooks";
import { Combobox, Field, FormDialog, Input, errorFor, toast, toastError } from "@/kit";
import { beginnings } from "./chain";

/** Makes a chain of one step, whose variables are those of its prompt, and goes there. */
export function NewChain({ onClose }: { onClose: () => void }) {
  const [slug, setSlug] = useState("");
  const [prompt, setPrompt] = useState<string | null>(null);
  const prompts = usePromptChoices();
  const navigate = useNavigate();
  const create = useChange("post", "/v1/chains", { invalidates: ["/v1/chains"] });
  // Its variables are asked for first, which is a part of sending.
  const [isReading, setReading] = useState(false);
  const submit = () => {
    if (prompt === null) return;
    setReading(true);
    const reading = read("/v1/prompts/{slug}", { path: { slug: prompt } }).then((found) => {
      const names = found.variables.map((one) => one.name);
      const parameters = Object.fromEntries(found.variables.map((one) => [one.name, { ...(one.type ? { type: one.type } : {}), ...(one.required ? {} : { required: false }) }]));
      const body = { slug: slug.trim(), parameters, steps: [{ id: "step_1", prompt, variables: beginnings(names, names, null), stream: true }] };
      create.mutate({ body: body as never }, {
        onSuccess: (made) => {
          toast(`${made.slug} is there, and live`);
          void navigate({ to: `/chains/${made.slug}`, replace: true });
        },
      });
    }, toastError);
    void reading.finally(() => setReading(false));
  };
  return (
    <FormDialog open onOpenChange={(open) => !open && onClose()} title="New chain" description="It begins with one step; add the others on its page." submit="Create" onSubmit={submit} busy={isReading || create.isPending} error={create.error} disabled={!slug.trim() || prompt === null}>
      <Field label="Slug" hint="The name that your application calls it by: lower-case letters, digits, - and _." error={errorFor(create.error, "slug")} required>
        <Input mono autoFocus value={slug} onChange={(event) => setSlug(event.target.value)} placeholder="support-reply" />
      </Field>
      <Field label="First prompt">
        <Combobox needed label="First prompt" value={prompt} {...prompts} onChange={setPrompt} />
      </Field>
    </FormDialog>
  );
}
