import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useChange, useRead } from "@/api/hooks";
import { useMay } from "@/api/session";
import { Combobox, Field, FormDialog, Input, Select, Textarea, errorFor, toast } from "@/kit";
import { wordsOf } from "./model";

const MOST_VERSIONS = 50;

/** Chooses a prompt and puts a copy of one of its versions into the library. */
export function PublishPrompt({ onClose }: { onClose: () => void }) {
  const may = useMay();
  const navigate = useNavigate();
  const prompts = usePromptChoices();
  const [slug, setSlug] = useState<string | null>(null);
  const [version, setVersion] = useState<string | null>(null);
  const [visibility, setVisibility] = useState<"organization" | "public">("organization");
  const [description, setDescription] = useState<string | null>(null);
  const [categories, setCategories] = useState("");
  const [example, setExample] = useState("");
  const found = useRead("/v1/prompts/{slug}", { path: { slug: slug ?? "" }, query: { label: "latest" } }, { enabled: slug !== null });
  const prompt = found.data?.slug === slug ? found.data : undefined;
  const chosen = version ?? (prompt ? String(prompt.labels["production"] ?? prompt.latest_version) : null);
  const newest = prompt?.latest_version ?? 0;
  const publish = useChange("post", "/v1/marketplace", { invalidates: ["/v1/marketplace", "/v1/prompts"] });
  const submit = () =>
    publish.mutate(
      { body: { prompt: slug ?? "", version: Number(chosen), visibility, description: description ?? prompt?.description ?? "", example, categories: wordsOf(categories) } },
      {
        onSuccess: (entry) => {
          onClose();
          toast(`${entry.slug} v${entry.version} is in the library`);
          void navigate({ to: `/library/${entry.id}` });
        },
      },
    );
  const take = (next: string | null) => {
    setSlug(next);
    setVersion(null);
    setDescription(null);
  };
  return (
    <FormDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Publish a prompt"
      description="A copy of one version, with what your own traffic says of it. Later versions do not follow."
      submit="Publish"
      onSubmit={submit}
      busy={publish.isPending}
      error={publish.error}
      disabled={!prompt}
    >
      <div className="flex flex-col gap-1">
        <span className="text-13 font-medium">Prompt</span>
        <Combobox label="Prompt" value={slug} {...prompts} onChange={take} className="w-full" />
      </div>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Version" error={errorFor(publish.error, "version")}>
          <Select
            value={chosen}
            empty={prompt ? undefined : "Choose a prompt first"}
            disabled={!prompt}
            onChange={setVersion}
            options={Array.from({ length: Math.min(newest, MOST_VERSIONS) }, (_, back) => newest - back).map((one) => ({ value: String(one), label: `v${one}${prompt?.labels["production"] === one ? ", production" : ""}` }))}
          />
        </Field>
        <Field label="Who sees it" hint={may.admin ? undefined : "For everybody: only an admin."}>
          <Select
            value={visibility}
            onChange={setVisibility}
            options={[
              { value: "organization", label: "Your organization" },
              { value: "public", label: "Everybody who signs in here", disabled: !may.admin },
            ]}
          />
        </Field>
      </div>
      <Field label="Description" error={errorFor(publish.error, "description")}>
        <Textarea rows={2} value={description ?? prompt?.description ?? ""} onChange={(event) => setDescription(event.target.value)} />
      </Field>
      <Field label="Categories" hint="With commas between them." error={errorFor(publish.error, "categories")}>
        <Input value={categories} onChange={(event) => setCategories(event.target.value)} placeholder="classification, support" />
      </Field>
      <Field label="An example of its use" error={errorFor(publish.error, "example")}>
        <Textarea rows={2} value={example} onChange={(event) => setExample(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
