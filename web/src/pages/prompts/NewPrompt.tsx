import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useChange } from "@/api/hooks";
import { keepUsualModel, useModels, usualOf } from "@/api/models";
import { Button, CodeEditor, Combobox, Field, FieldFault, FormDialog, Input, Notice, errorFor, tellWarnings, toast } from "@/kit";

/** A prompt that is good enough to begin with, and can be made better: its examples are those of the form for a dataset. */
const EXAMPLE = {
  slug: "support-routing",
  model: "simulated/reader",
  text: `You work in support at an online coffee shop. Read the ticket and pick the queue.

- delivery: parcels, courier
- returns: returns, refunds
- billing: payments, invoices
- subscription: subscription plan
- account_access: account, login, password
- app_issues: app
- warranty_repair: broken machine, warranty
- product_questions: products, beans, roasts
- vouchers_rewards: vouchers, codes

Ticket: {{ticket}}`,
};

/** Makes a prompt with its version 1, and goes there. */
export function NewPrompt({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const [slug, setSlug] = useState("");
  const [template, setTemplate] = useState("");
  const [model, setModel] = useState<string | null>(null);
  const [isExample, setIsExample] = useState(false);
  const { models, choices, isPending } = useModels();
  const navigate = useNavigate();
  const create = useChange("post", "/v1/prompts", { invalidates: ["/v1/prompts"] });
  const forExample = isExample ? choices.find((one) => one.value === EXAMPLE.model) : undefined;
  const chosen = model ?? forExample?.value ?? usualOf(models);

  const isEmpty = !slug && !template;
  const takeExample = () => {
    setSlug(EXAMPLE.slug);
    setTemplate(EXAMPLE.text);
    setModel(null);
    setIsExample(true);
  };
  const submit = () =>
    create.mutate(
      { body: { slug: slug.trim(), template, model: chosen, label: "production" } as never },
      {
        onSuccess: (made) => {
          onOpenChange(false);
          toast(`${made.slug} is there, and live`);
          tellWarnings(made);
          void navigate({ to: `/prompts/${made.slug}`, replace: true });
        },
      },
    );

  return (
    <FormDialog
      open={open}
      onOpenChange={(next) => (next ? undefined : create.reset(), onOpenChange(next))}
      title="New prompt"
      description="It becomes version 1, live at once under the label production."
      submit="Create"
      onSubmit={submit}
      busy={create.isPending}
      error={create.error}
      disabled={!slug.trim() || !template.trim() || isPending}
    >
      {isEmpty ? (
        <Notice
          action={
            <Button size="s" onClick={takeExample}>
              Take an example
            </Button>
          }
        >
          Nothing at hand? One that sorts support tickets is there to try things with.
        </Notice>
      ) : null}
      <Field label="Slug" hint="The name that your application calls it by: lower-case letters, digits, - and _." error={errorFor(create.error, "slug")} required>
        <Input mono autoFocus value={slug} onChange={(event) => setSlug(event.target.value)} placeholder="support-triage" />
      </Field>
      <div className="flex flex-col gap-1">
        <span className="text-13 font-medium">Text</span>
        <p className="-mt-0.5 text-12 text-muted">Where a value goes: {"{{ticket}}"}, with a type and a default if you like: {"{{tone: string = \"friendly\"}}"}.</p>
        <CodeEditor needed label="Text" language="template" value={template} onChange={setTemplate} minLines={6} maxLines={14} />
        <FieldFault text={errorFor(create.error, "template") ?? errorFor(create.error, "messages")} />
      </div>
      <div className="flex flex-col gap-1">
        <span className="text-13 font-medium">Model</span>
        <Combobox label="Model" value={chosen} choices={choices} onChange={(next) => (setModel(next), keepUsualModel(next))} className="w-full" />
        <FieldFault text={errorFor(create.error, "model")} />
      </div>
    </FormDialog>
  );
}
