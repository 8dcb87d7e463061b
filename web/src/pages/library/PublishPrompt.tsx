import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePromptChoices } from "@/api/choices";
import { useChange, useRead } from "@/api/hooks";
import { useModels } from "@/api/models";
import { useMay } from "@/api/session";
import { Combobox, Field, FieldFault, FormDialog, Input, Select, Several, Textarea, errorFor, toast } from "@/kit";
import { linesOf, wordsOf } from "./model";

const MOST_VERSIONS = 50;

/** Chooses a prompt and puts a copy of one of its versions into the library, as an entry or as a template. */
export function PublishPrompt({ asTemplate = false, onClose }: { asTemplate?: boolean; onClose: () => void }) {
  const may = useMay();
  const navigate = useNavigate();
  const prompts = usePromptChoices();
  const [slug, setSlug] = useState<string | null>(null);
  const [version, setVersion] = useState<string | null>(null);
  const [visibility, setVisibility] = useState<"private" | "organization" | "public">(asTemplate ? "private" : "organization");
  const [description, setDescription] = useState<string | null>(null);
  const [categories, setCategories] = useState("");
  const [example, setExample] = useState("");
  const [models, setModels] = useState<readonly string[]>([]);
  const [useCases, setUseCases] = useState("");
  const { choices } = useModels();
  const found = useRead("/v1/prompts/{slug}", { path: { slug: slug ?? "" }, query: { label: "latest" } }, { enabled: slug !== null });
  const prompt = found.data?.slug === slug ? found.data : undefined;
  const chosen = version ?? (prompt ? String(prompt.labels["production"] ?? prompt.latest_version) : null);
  const newest = prompt?.latest_version ?? 0;
  const publish = useChange("post", "/v1/marketplace", { invalidates: ["/v1/marketplace", "/v1/prompts"] });
  const make = useChange("post", "/v1/templates", { invalidates: ["/v1/templates", "/v1/marketplace"] });
  const { error, isPending } = asTemplate ? make : publish;
  const said = { prompt: slug ?? "", version: Number(chosen), description: description ?? prompt?.description ?? "", example, categories: wordsOf(categories), recommended_models: [...models], use_cases: linesOf(useCases) };
  const done = (name: string, to: string) => {
    onClose();
    toast(`${name} is in the library`);
    void navigate({ to });
  };
  const submit = () =>
    asTemplate
      ? make.mutate({ body: { ...said, visibility } as never }, { onSuccess: (made) => done(made.name, `/library/templates/${made.id}`) })
      : publish.mutate({ body: { ...said, visibility } as never }, { onSuccess: (entry) => done(`${entry.slug} v${entry.version}`, `/library/${entry.id}`) });
  const take = (next: string | null) => {
    setSlug(next);
    setVersion(null);
    setDescription(null);
  };
  return (
    <FormDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={asTemplate ? "Make a template" : "Publish a prompt"}
      description={asTemplate ? "A copy of one version to begin others with. Later versions do not follow." : "A copy of one version, with what your own traffic says of it. Later versions do not follow."}
      submit={asTemplate ? "Make it" : "Publish"}
      onSubmit={submit}
      busy={isPending}
      error={error}
      disabled={!prompt}
    >
      <div className="flex flex-col gap-1">
        <span className="text-13 font-medium">Prompt</span>
        <Combobox needed label="Prompt" value={slug} {...prompts} onChange={take} className="w-full" />
      </div>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Version" error={errorFor(error, "version")}>
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
              ...(asTemplate ? [{ value: "private" as const, label: "This workspace" }] : []),
              { value: "organization", label: "Your organization" },
              { value: "public", label: "Everybody who signs in here", disabled: !may.admin },
            ]}
          />
        </Field>
      </div>
      <Field label="Description" error={errorFor(error, "description")}>
        <Textarea rows={2} value={description ?? prompt?.description ?? ""} onChange={(event) => setDescription(event.target.value)} />
      </Field>
      <Field label="Categories" hint="With commas between them." error={errorFor(error, "categories")}>
        <Input value={categories} onChange={(event) => setCategories(event.target.value)} placeholder="classification, support" />
      </Field>
      <Field label="An example of its use" error={errorFor(error, "example")}>
        <Textarea rows={2} value={example} onChange={(event) => setExample(event.target.value)} />
      </Field>
      <Field label="Use cases" hint="Where it has proved itself, one a line." error={errorFor(error, "use_cases")}>
        <Textarea rows={2} value={useCases} onChange={(event) => setUseCases(event.target.value)} />
      </Field>
      <div className="flex min-w-0 flex-col gap-1">
        <span className="text-13 font-medium">Recommended models</span>
        <Several label="Recommended models" add="Add a model" none="None named." values={models} onChange={setModels} choices={choices} />
        <FieldFault text={errorFor(error, "recommended_models")} />
      </div>
    </FormDialog>
  );
}
