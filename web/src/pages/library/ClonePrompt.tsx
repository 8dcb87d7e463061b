import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useFreeSlug } from "@/api/free-slug";
import { useChange } from "@/api/hooks";
import { Field, FormDialog, Input, errorFor, toast } from "@/kit";
import { type Entry, slugOf } from "./model";

/** Makes a prompt of one's own of an entry, and goes there. */
export function ClonePrompt({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const free = useFreeSlug(entry.is_own ? slugOf(`${entry.slug}-copy`) : entry.slug);
  const [typed, setSlug] = useState<string | null>(null);
  const slug = typed ?? free;
  const [name, setName] = useState(entry.name);
  const navigate = useNavigate();
  const clone = useChange("post", "/v1/marketplace/{entry_id}/clone", { invalidates: ["/v1/marketplace", "/v1/prompts"] });
  const submit = () =>
    clone.mutate(
      { path: { entry_id: entry.id }, body: { slug: slug.trim(), name: name.trim() || null } },
      {
        onSuccess: (prompt) => {
          toast(`${prompt.slug} is yours: version 1, live`);
          void navigate({ to: `/prompts/${prompt.slug}` });
        },
      },
    );
  return (
    <FormDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Clone ${entry.name}`}
      description={`It becomes a prompt of your own, private, live as version 1. Its lineage names ${entry.publisher}, ${entry.slug} and version ${entry.version}.`}
      submit="Clone"
      onSubmit={submit}
      busy={clone.isPending}
      error={clone.error}
      disabled={!slug.trim()}
    >
      <Field label="Name" hint="What your application calls it by: lower-case letters, digits, - and _." error={errorFor(clone.error, "slug")} required>
        <Input mono autoFocus value={slug} onChange={(event) => setSlug(event.target.value)} />
      </Field>
      <Field label="Title" error={errorFor(clone.error, "name")}>
        <Input value={name} onChange={(event) => setName(event.target.value)} />
      </Field>
    </FormDialog>
  );
}
