import { useState } from "react";
import type { Schema } from "@/api/client";
import { change as send, useChange } from "@/api/hooks";
import { useMay } from "@/api/session";
import { useAuthors } from "@/api/authors";
import { useUnsaved } from "@/api/unsaved";
import { Button, CodeBlock, Facts, Field, FormError, Input, KeptAtTheEnd, RelativeTime, Section, Segments, Select, TextLink, Textarea, errorFor, toast, useUndo } from "@/kit";
import { moment } from "@/lib/format";
import { Gate } from "./Gate";
import { Kept } from "./Kept";
import { Uses } from "./Life";
import { Publish } from "./Publish";
import { LANGUAGES, type Language, snippet } from "./snippets";
import { whyNot } from "./why";
import { useShown } from "./shown";

type Prompt = Schema<"PromptAnswer">;
type Visibility = Prompt["visibility"];

const VISIBILITIES: readonly { value: Visibility; label: string }[] = [
  { value: "private", label: "Private: nobody else" },
  { value: "organization", label: "Your organization" },
  { value: "public", label: "Everybody on this installation" },
];

/** What of a prompt is not versioned, how it is called, and where it is shown to others. */
export function SettingsTab({ prompt }: { prompt: Prompt }) {
  return (
    <div className="grid grid-cols-1 gap-6 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-6">
        <About prompt={prompt} />
        <Kept prompt={prompt} />
        <Gate key={prompt.slug} slug={prompt.slug} />
      </div>
      <div className="flex min-w-0 flex-col gap-6">
        <CallIt prompt={prompt} />
        <Section framed title="What uses it" description="A prompt that includes this one, or a chain that runs it, changes with it, as soon as the label moves that it names.">
          <Uses slug={prompt.slug} />
        </Section>
        <Share prompt={prompt} />
      </div>
    </div>
  );
}

const LISTS = ["tags", "categories", "app_contexts"] as const;
type Given = { name: string; description: string; use_case: string; folder: string } & Record<(typeof LISTS)[number], string>;

const split = (words: string) => words.split(",").map((one) => one.trim()).filter(Boolean); // prettier-ignore

function About({ prompt }: { prompt: Prompt }) {
  const may = useMay();
  const nameOfAuthor = useAuthors();
  // Only what was typed: the rest follows what others save meanwhile.
  const [typed, setTyped] = useState<Partial<Given>>({});
  const change = useChange("patch", "/v1/prompts/{slug}", { invalidates: ["/v1/prompts"] });
  const show = useShown(prompt.slug);
  const given: Given = { name: prompt.name, description: prompt.description, use_case: prompt.use_case, folder: prompt.folder, tags: prompt.tags.join(", "), categories: prompt.categories.join(", "), app_contexts: prompt.app_contexts.join(", "), ...typed };
  const put = (field: keyof Given) => ({ value: given[field], readOnly: !may.editPrompts, onChange: (event: { target: { value: string } }) => setTyped({ ...typed, [field]: event.target.value }) });
  const { tags: _tags, categories: _categories, app_contexts: _contexts, ...texts } = typed;
  const lists = LISTS.flatMap((name) => (split(given[name]).join() === prompt[name].join() ? [] : [[name, split(given[name])] as const]));
  const changes = { ...Object.fromEntries(Object.entries(texts).filter(([field, text]) => text !== prompt[field as keyof Prompt])), ...Object.fromEntries(lists) };
  const isChanged = Object.keys(changes).length > 0;
  useUnsaved(isChanged, prompt.slug);
  const save = () => change.mutate({ path: { slug: prompt.slug }, body: changes }, { onSuccess: (kept) => (show(kept, Object.keys(changes)), setTyped((now) => Object.fromEntries(Object.entries(now).filter(([field, text]) => text !== typed[field as keyof Given]))), toast("Saved")) });
  const wrong = (field: string) => errorFor(change.error, field);
  return (
    <Section framed title="About">
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <KeptAtTheEnd title={`About ${prompt.slug}`} isChanged={isChanged} />
        <Field label="Name" error={wrong("name")}>
          <Input {...put("name")} required maxLength={200} />
        </Field>
        <Field label="Description" error={wrong("description")}>
          <Textarea {...put("description")} rows={3} maxLength={10_000} />
        </Field>
        <Field label="Use case" error={wrong("use_case")}>
          <Input {...put("use_case")} maxLength={2_000} />
        </Field>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Folder" hint="Joined by /, such as support/tier 1." error={wrong("folder")}>
            <Input {...put("folder")} />
          </Field>
          <Field label="Tags" hint="With commas between them." error={wrong("tags")}>
            <Input {...put("tags")} />
          </Field>
          <Field label="Categories" hint="What kind of prompt it is, such as extraction." error={wrong("categories")}>
            <Input {...put("categories")} />
          </Field>
          <Field label="Where it is used" hint="In your applications, such as checkout." error={wrong("app_contexts")}>
            <Input {...put("app_contexts")} />
          </Field>
        </div>
        <FormError error={change.error} />
        <div>
          <Button type="submit" variant="primary" busy={change.isPending} disabled={!may.editPrompts || !isChanged || !given.name.trim()} why={may.editPrompts ? "Nothing has changed." : whyNot(may)}>
            Save
          </Button>
        </div>
      </form>
      <Facts
        className="border-t border-line pt-3"
        facts={[
          ["Slug", <code key="slug">{prompt.slug}</code>],
          ["Made", `${moment(prompt.created_at)}, ${nameOfAuthor(prompt.created_by)}`],
          ["Last changed", <RelativeTime key="at" at={prompt.updated_at} />],
          ["Who answers", <span key="who"><TextLink to="/routing" search={{ prompt: prompt.slug }}>Routing rules</TextLink> · <TextLink to="/cache" search={{ prompt: prompt.slug }}>Kept answers</TextLink>{may.edit ? <> · <TextLink to="/batches" search={{ new: "1", prompt: prompt.slug }}>New batch</TextLink></> : null}</span>],
        ]}
      />
    </Section>
  );
}

function CallIt({ prompt }: { prompt: Prompt }) {
  const [language, setLanguage] = useState<Language>("curl");
  return (
    <Section framed title="Call it" description="With an API key of this workspace in KEY." actions={<Segments label="Language" value={language} onChange={setLanguage} options={LANGUAGES} />}>
      <CodeBlock label={prompt.labels.production === undefined ? "The newest version" : "The version with the label production"} code={snippet(language, { url: window.location.origin, slug: prompt.slug, variables: prompt.variables, hasLabel: prompt.labels.production !== undefined, version: prompt.latest_version })} />
    </Section>
  );
}

function Share({ prompt }: { prompt: Prompt }) {
  const may = useMay();
  const [publishing, setPublishing] = useState(false);
  const change = useChange("patch", "/v1/prompts/{slug}", { invalidates: ["/v1/prompts", "/v1/marketplace"] });
  const undo = useUndo(["/v1/prompts", "/v1/marketplace"]);
  const { visibility: before } = prompt;
  const path = { slug: prompt.slug };
  const back = () => send("patch", "/v1/prompts/{slug}", { path, body: { visibility: before } });
  const set = (visibility: Visibility) => change.mutate({ path, body: { visibility } }, { onSuccess: () => toast("Saved", undo(back, "It is shown as before")) });
  return (
    <Section
      framed
      title="Share"
      description="By itself this publishes nothing. A narrower choice withdraws what is published wider."
    >
      <Field label="Who may see what is published" error={change.error?.message}>
        <Select value={prompt.visibility} disabled={!may.editPrompts || change.isPending} onChange={set} options={VISIBILITIES.map((one) => ({ ...one, disabled: one.value === "public" && !may.admin }))} />
      </Field>
      {may.admin ? null : <p className="text-12 text-muted">Only an admin may show something to everybody.</p>}
      <div>
        <Button onClick={() => setPublishing(true)} disabled={!may.editPrompts || prompt.visibility === "private"} why={may.editPrompts ? "Choose who may see it first." : whyNot(may)}>
          Publish a version…
        </Button>
      </div>
      {publishing ? <Publish prompt={prompt} onClose={() => setPublishing(false)} /> : null}
    </Section>
  );
}
