import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useChange } from "@/api/hooks";
import { useModels } from "@/api/models";
import { needs, useMay } from "@/api/session";
import { Button, ButtonLink, Checkbox, Combobox, Field, FormError, Input, Notice, Section, errorFor, toast } from "@/kit";
import { type Session, beginning, slugOf } from "./goal";

const ASKS_ONLY = "simulated/interviewer";
const CHATS = "simulated/chat";

/** Makes the prompt, or the next version of one that is there. */
export function SaveIt({ session, onSaved }: { session: Session; onSaved: () => void }) {
  const [slug, setSlug] = useState(() => (session.simulated ? "" : slugOf(session.name ?? "")) || slugOf(beginning(session.initial_prompt, 40)));
  const [model, setModel] = useState<string | null>(null);
  const [live, setLive] = useState(true);
  const [cases, setCases] = useState(true);
  const may = useMay();
  const navigate = useNavigate();
  const { choices, isPending } = useModels();
  // The simulated one that asks answers nothing else: the simulated one that chats does.
  const wrote = session.model_name ?? "";
  const answers = model ?? (wrote === ASKS_ONLY && choices.some((one) => one.value === CHATS) ? CHATS : null);
  const save = useChange("post", "/v1/clarifications/{clarification_id}/save", { invalidates: ["/v1/prompts"] });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = { slug: slug.trim(), model: answers, label: live ? "production" : null, test_cases: cases, message: "From a clarifying session" };
    save.mutate(
      { path: { clarification_id: session.id }, body },
      {
        onSuccess: (made) => {
          onSaved();
          toast(`${made.prompt} v${made.version} is there${made.label ? ", and live" : ""}`);
          void navigate({ to: `/prompts/${made.prompt}` });
        },
      },
    );
  };
  const prompt = session.saved?.["prompt"];
  return (
    <Section title="Keep it" framed>
      {typeof prompt === "string" ? (
        <Notice tone="ok" title="Saved." action={<ButtonLink size="s" to={`/prompts/${prompt}`}>Open the prompt</ButtonLink>}>
          {`${prompt} v${String(session.saved?.["version"])}. Saving once more changes nothing, unless you change something here.`}
        </Notice>
      ) : null}
      <form onSubmit={submit} className="flex flex-col gap-4">
        <Field label="Name" hint="What your application calls it by: lower-case letters, digits, - and _. One that is there gets its next version." error={errorFor(save.error, "slug")} required>
          <Input mono value={slug} onChange={(event) => setSlug(event.target.value)} />
        </Field>
        <Field label="Model that answers" error={errorFor(save.error, "model")}>
          <Combobox label="Model that answers" value={answers} clear={wrote === ASKS_ONLY ? undefined : `The one that wrote it: ${wrote}`} choices={choices} onChange={setModel} className="w-full" />
        </Field>
        <Checkbox label="Live at once, under the label production" checked={live} onChange={(event) => setLive(event.target.checked)} />
        <Checkbox label="With the test cases" hint="They say that a model made them up." checked={cases} onChange={(event) => setCases(event.target.checked)} />
        <FormError error={save.error} />
        <div>
          <Button type="submit" variant="primary" busy={save.isPending} disabled={!may.editPrompts || !slug.trim() || (wrote === ASKS_ONLY && model === null && isPending)} why={may.editPrompts ? undefined : needs("editor")}>
            Save as a prompt
          </Button>
        </div>
      </form>
    </Section>
  );
}
