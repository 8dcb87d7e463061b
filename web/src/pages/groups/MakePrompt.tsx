import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange } from "@/api/hooks";
import { useModels } from "@/api/models";
import { Checkbox, Combobox, Field, FieldFault, FormDialog, Input, Textarea, errorFor, toast } from "@/kit";
import { plural } from "@/lib/format";
import { slugOf } from "./model";

/** Calls that belong together become a prompt, which has their history. */
export function MakePrompt({ group, onClose }: { group: Schema<"GroupWhole">; onClose: () => void }) {
  const [slug, setSlug] = useState(slugOf(group.group_key));
  const [name, setName] = useState("");
  const [isLive, setLive] = useState(true);
  const [said, setSaid] = useState("");
  const [model, setModel] = useState<string | null>(null);
  const { choices } = useModels();
  const navigate = useNavigate();
  const make = useChange("post", "/v1/execution-groups/{group_key}/prompt", { invalidates: ["/v1/execution-groups", "/v1/prompts"] });
  const isForgotten = group.instructions === null;
  const submit = () =>
    make.mutate(
      {
        path: { group_key: group.group_key },
        body: {
          slug: slug.trim(),
          label: isLive ? "production" : null,
          ...(name.trim() ? { name: name.trim() } : {}),
          ...(model ? { model } : {}),
          ...(isForgotten ? { messages: [{ role: "system", content: said }, { role: "placeholder", name: "messages" }] } : {}),
        } as never,
      },
      {
        onSuccess: (made) => {
          toast(`${made.prompt} is there; ${plural(group.executions, "call")} of before follow within a minute`);
          void navigate({ to: `/prompts/${made.prompt}` });
        },
      },
    );
  return (
    <FormDialog open onOpenChange={(open) => (open ? undefined : onClose())} title="Make a prompt of it" description="Version 1 has these instructions, and a place for the messages that a call brings." submit="Make the prompt" onSubmit={submit} busy={make.isPending} error={make.error} disabled={!slug.trim() || (isForgotten && !said.trim())}>
      <Field label="Slug" hint="What your calls will name it by: small letters, digits, - and _." error={errorFor(make.error, "slug")} required>
        <Input mono autoFocus value={slug} onChange={(event) => setSlug(event.target.value)} placeholder="bakery-desk" maxLength={63} />
      </Field>
      <Field label="Name" error={errorFor(make.error, "name")}>
        <Input value={name} onChange={(event) => setName(event.target.value)} placeholder="as the slug" maxLength={200} />
      </Field>
      {isForgotten ? (
        <Field label="Instructions" hint="The texts of these calls are not kept, so say what the prompt is to have." error={errorFor(make.error, "messages")} required>
          <Textarea value={said} onChange={(event) => setSaid(event.target.value)} />
        </Field>
      ) : null}
      <div className="flex min-w-0 flex-col gap-1">
        <span className="text-13 font-medium">Model</span>
        <Combobox label="Model" value={model} onChange={setModel} clear={`${group.model}, as the calls have it`} choices={choices} className="w-full" />
        <FieldFault text={errorFor(make.error, "model")} />
      </div>
      <Checkbox label="Put the label production on it" hint="Calls that name the prompt get this version." checked={isLive} onChange={(event) => setLive(event.target.checked)} />
    </FormDialog>
  );
}
