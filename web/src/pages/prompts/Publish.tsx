import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange } from "@/api/hooks";
import { useMay } from "@/api/session";
import { Field, FormDialog, Input, Select, Textarea, errorFor, toast } from "@/kit";

type Prompt = Schema<"PromptAnswer">;

/** Puts a copy of one version into the library. */
export function Publish({ prompt, onClose }: { prompt: Prompt; onClose: () => void }) {
  const may = useMay();
  const versions = Array.from({ length: Math.min(prompt.latest_version, 50) }, (_, back) => prompt.latest_version - back);
  const [version, setVersion] = useState(String(prompt.labels.production ?? prompt.latest_version));
  const [visibility, setVisibility] = useState<"organization" | "public">(prompt.visibility === "public" && may.admin ? "public" : "organization");
  const [description, setDescription] = useState(prompt.description);
  const [categories, setCategories] = useState("");
  const [example, setExample] = useState("");
  const publish = useChange("post", "/v1/marketplace", { invalidates: ["/v1/marketplace", "/v1/prompts"] });
  const submit = () =>
    publish.mutate(
      { body: { prompt: prompt.slug, version: Number(version), visibility, description, example, categories: categories.split(",").map((one) => one.trim()).filter(Boolean) } }, // prettier-ignore
      { onSuccess: (entry) => (onClose(), toast(`v${entry.version} is in the library`)) },
    );
  return (
    <FormDialog open onOpenChange={(open) => (open ? undefined : onClose())} title={`Publish ${prompt.slug}`} description="A copy of this version, with what your own traffic says of it. Later versions do not follow." submit="Publish" onSubmit={submit} busy={publish.isPending} error={publish.error}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Version">
          <Select value={version} onChange={setVersion} options={versions.map((one) => ({ value: String(one), label: `v${one}${prompt.labels.production === one ? ", production" : ""}` }))} />
        </Field>
        <Field label="Who sees it">
          <Select
            value={visibility}
            onChange={setVisibility}
            options={[
              { value: "organization", label: "Your organization" },
              { value: "public", label: "Everybody", disabled: prompt.visibility !== "public" || !may.admin },
            ]}
          />
        </Field>
      </div>
      <Field label="Description" error={errorFor(publish.error, "description")}>
        <Textarea rows={2} value={description} onChange={(event) => setDescription(event.target.value)} />
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
