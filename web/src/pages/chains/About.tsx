import { type FormEvent, useState } from "react";
import { useAuthors } from "@/api/authors";
import { change as send, useChange, usePages } from "@/api/hooks";
import { useDraftOver } from "@/api/draft-over";
import { useMay } from "@/api/session";
import { useUnsaved } from "@/api/unsaved";
import { Badge, Button, ConfirmDialog, ErrorState, Field, FormError, Input, KeptAtTheEnd, Meanwhile, RelativeTime, Section, Select, SkeletonText, Textarea, errorFor, toast, useUndo } from "@/kit";
import { FolderInput } from "@/pages/prompts/Life";
import { whyNot } from "@/pages/prompts/why";
import type { Chain } from "./chain";

const AGAIN = ["/v1/chains"];

/** What of a chain is not versioned, where its labels have been, and its end. */
export function About({ chain }: { chain: Chain }) {
  return (
    <div className="grid grid-cols-1 gap-6 lg:grid-cols-2">
      <Names key={chain.slug} chain={chain} />
      <div className="flex min-w-0 flex-col gap-6">
        <Labels chain={chain} />
        <PutAway chain={chain} />
      </div>
    </div>
  );
}

function Names({ chain }: { chain: Chain }) {
  const may = useMay();
  const { base, draft, set, isBehind, takeNewest, settle } = useDraftOver({ name: chain.name, description: chain.description, folder: chain.folder });
  const typed = { name: draft.name.trim(), description: draft.description, folder: draft.folder.trim() };
  const save = useChange("patch", "/v1/chains/{slug}", { invalidates: AGAIN });
  // What was not touched is not sent: a colleague may have changed it.
  const changed = Object.fromEntries(Object.entries(typed).filter(([part, text]) => text !== base[part as keyof typeof base]));
  const isChanged = Object.keys(changed).length > 0;
  useUnsaved(isChanged, chain.slug, () => undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ path: { slug: chain.slug }, body: changed }, {
      onSuccess: (kept) => {
        settle({ name: kept.name, description: kept.description, folder: kept.folder });
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

function Labels({ chain }: { chain: Chain }) {
  const may = useMay();
  const nameOf = useAuthors();
  const { slug } = chain;
  const placed = Object.entries(chain.labels).filter(([label]) => label !== "latest");
  const [label, setLabel] = useState(placed[0]?.[0] ?? "production");
  const [removing, setRemoving] = useState(false);
  const moves = usePages("/v1/chains/{slug}/labels/{label}/history", { path: { slug, label } });
  const put = useChange("put", "/v1/chains/{slug}/labels/{label}", { invalidates: AGAIN });
  const remove = useChange("delete", "/v1/chains/{slug}/labels/{label}", { invalidates: AGAIN });
  const undo = useUndo(AGAIN);
  const at = chain.labels[label];
  const place = (version: number, reason: string) => send("put", "/v1/chains/{slug}/labels/{label}", { path: { slug, label }, body: { version, reason } });
  const back = (version: number) =>
    put.mutate({ path: { slug, label }, body: { version, reason: `Back from v${at ?? "?"}` } }, { onSuccess: () => toast(`${label} is v${version}`, at === undefined ? undefined : undo(() => place(at, "Undo"), `${label} is v${at} again`)) });
  const gone = () => {
    setRemoving(false);
    toast(`${label} is removed`, at === undefined ? undefined : undo(() => place(at, "Undo"), `${label} is back at v${at}`));
  };
  const names = [...new Set(["production", ...placed.map(([one]) => one)])];
  return (
    <Section
      framed
      title="Labels"
      actions={
        <>
          <Select compact aria-label="Label" value={label} onChange={setLabel} options={names.map((one) => ({ value: one, label: chain.labels[one] === undefined ? one : `${one}, at v${chain.labels[one]}` }))} />
          {at === undefined ? null : (
            <Button size="s" onClick={() => setRemoving(true)} disabled={!may.editPrompts} why={whyNot(may)}>
              Remove…
            </Button>
          )}
        </>
      }
    >
      {moves.isPending ? <SkeletonText lines={3} /> : null}
      {moves.error && moves.rows.length === 0 ? <ErrorState error={moves.error} onRetry={moves.retry} /> : null}
      <FormError error={put.error} />
      {!moves.isPending && moves.rows.length === 0 && !moves.error ? <p className="text-13 text-muted">It has stood nowhere yet.</p> : null}
      <ol aria-label={`Moves of ${label}`} className="flex flex-col">
        {moves.rows.map((move, index) => (
          <li key={`${move.moved_at} ${index}`} className="flex items-center justify-between gap-3 border-b border-line py-2 text-13 last:border-b-0">
            <span className="min-w-0">
              <span className="numeric font-medium">{move.version === null ? `taken from v${move.from_version ?? "?"}` : move.from_version === null ? `set to v${move.version}` : `v${move.from_version} → v${move.version}`}</span>
              {move.version === at ? <Badge className="ml-2">now</Badge> : null}
              <span className="block text-12 text-muted wrap-anywhere">
                {nameOf(move.author)}, <RelativeTime at={move.moved_at} />
                {move.reason ? `: ${move.reason}` : ""}
              </span>
            </span>
            {move.version !== null && move.version !== at ? (
              <Button size="s" busy={put.isPending} disabled={!may.editPrompts} why={whyNot(may)} onClick={() => back(move.version ?? 1)}>
                Back to v{move.version}
              </Button>
            ) : null}
          </li>
        ))}
      </ol>
      <ConfirmDialog open={removing} onOpenChange={setRemoving} title={`Remove ${label}?`} submit="Remove" busy={remove.isPending} error={remove.error} onSubmit={() => remove.mutate({ path: { slug, label } }, { onSuccess: gone })}>
        Every call that asks for {slug}@{label} hears 404 from now on. Its history stays.
      </ConfirmDialog>
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
