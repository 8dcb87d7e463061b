import { type FormEvent, useState } from "react";
import { change as send, useChange } from "@/api/hooks";
import { useDraftOver } from "@/api/draft-over";
import { useMay } from "@/api/session";
import { useUnsaved } from "@/api/unsaved";
import { Button, ConfirmDialog, Field, FormError, Input, KeptAtTheEnd, Meanwhile, Section, Textarea, errorFor, toast, useUndo } from "@/kit";
import { FolderInput } from "@/pages/prompts/Life";
import { whyNot } from "@/pages/prompts/why";
import type { Chain } from "./chain";

const AGAIN = ["/v1/chains"];

/** What of a chain is not versioned, and its end. */
export function About({ chain }: { chain: Chain }) {
  return (
    <div className="grid grid-cols-1 gap-6 lg:grid-cols-2">
      <Names key={chain.slug} chain={chain} />
      <PutAway chain={chain} />
    </div>
  );
}

const aboutOf = ({ name, description, folder, tags }: Pick<Chain, "name" | "description" | "folder" | "tags">) => ({ name, description, folder, tags: (tags ?? []).join(", ") });
const split = (words: string) => [...new Set(words.split(",").map((one) => one.trim()).filter(Boolean))]; // prettier-ignore

function Names({ chain }: { chain: Chain }) {
  const may = useMay();
  const { base, draft, set, isBehind, takeNewest, settle } = useDraftOver(aboutOf(chain));
  const typed = { name: draft.name.trim(), description: draft.description, folder: draft.folder.trim(), tags: split(draft.tags).join(", ") };
  const save = useChange("patch", "/v1/chains/{slug}", { invalidates: AGAIN });
  // What was not touched is not sent: a colleague may have changed it.
  const changed = Object.fromEntries(Object.entries(typed).filter(([part, text]) => text !== base[part as keyof typeof base]));
  const isChanged = Object.keys(changed).length > 0;
  useUnsaved(isChanged, chain.slug);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ path: { slug: chain.slug }, body: { ...changed, ...("tags" in changed ? { tags: split(draft.tags) } : {}) } }, {
      onSuccess: (kept) => {
        settle(aboutOf(kept));
        toast("Saved");
      },
    });
  };
  return (
    <Section framed title="About">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <KeptAtTheEnd title={`About ${chain.slug}`} isChanged={isChanged} />
        <Field label="Name" error={errorFor(save.error, "name")}>
          <Input value={draft.name} maxLength={200} readOnly={!may.editPrompts} onChange={(event) => set({ ...draft, name: event.target.value })} />
        </Field>
        <Field label="Description" error={errorFor(save.error, "description")}>
          <Textarea rows={3} value={draft.description} maxLength={10_000} readOnly={!may.editPrompts} onChange={(event) => set({ ...draft, description: event.target.value })} />
        </Field>
        <FolderInput value={draft.folder} onChange={(folder) => set({ ...draft, folder })} error={errorFor(save.error, "folder")} readOnly={!may.editPrompts} />
        <Field label="Tags" hint="With commas between them." error={errorFor(save.error, "tags")}>
          <Input value={draft.tags} readOnly={!may.editPrompts} onChange={(event) => set({ ...draft, tags: event.target.value })} />
        </Field>
        <Meanwhile show={isBehind} onTake={takeNewest} />
        <FormError error={save.error} />
        <div>
          <Button type="submit" variant="primary" busy={save.isPending} disabled={!may.editPrompts || !isChanged || !typed.name} why={may.editPrompts ? "Nothing has changed." : whyNot(may)}>
            Save
          </Button>
        </div>
      </form>
    </Section>
  );
}

function PutAway({ chain }: { chain: Chain }) {
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const { slug } = chain;
  const put = useChange("patch", "/v1/chains/{slug}", { invalidates: AGAIN });
  const undo = useUndo(AGAIN);
  const set = (archived: boolean) =>
    put.mutate(
      { path: { slug }, body: { archived } },
      {
        onSuccess: () => {
          setAsking(false);
          toast(archived ? `${slug} is archived` : `${slug} is back`, undo(() => send("patch", "/v1/chains/{slug}", { path: { slug }, body: { archived: !archived } }), archived ? `${slug} is back` : `${slug} is archived again`));
        },
      },
    );
  return (
    <Section framed title={chain.archived_at ? "Archived" : "Put it away"} description="An archived chain is neither run nor changed; its slug and history stay, and it can be restored.">
      <div>
        {chain.archived_at ? (
          <Button onClick={() => set(false)} busy={put.isPending} disabled={!may.editPrompts} why={whyNot(may)}>
            Restore
          </Button>
        ) : (
          <Button onClick={() => setAsking(true)} disabled={!may.editPrompts} why={whyNot(may)}>
            Archive…
          </Button>
        )}
      </div>
      <FormError error={asking ? null : put.error} />
      <ConfirmDialog open={asking} onOpenChange={setAsking} title={`Archive ${slug}?`} submit="Archive" busy={put.isPending} error={put.error} onSubmit={() => set(true)}>
        Every call of it is refused from then on. Runs under way go on.
      </ConfirmDialog>
    </Section>
  );
}
