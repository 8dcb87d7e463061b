import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { type Schema, newIdempotencyKey } from "@/api/client";
import { change as send, useChange } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, ConfirmDialog, Field, FormDialog, Input, Menu, Notice, RelativeTime, TextLink, UNCHANGED, errorFor, toast, toastError, useUndo } from "@/kit";
import { plural } from "@/lib/format";
import { type Use, usesOf } from "./uses";

type Dataset = Schema<"DatasetAnswer">;
type Act = "rename" | "archive" | "delete";

const ONE = "/v1/datasets/{dataset_id}";
const AGAIN = ["/v1/datasets"];

/** What becomes of the whole dataset: another name, away, back again, gone. */
export function LifeMenu({ dataset }: { dataset: Dataset }) {
  const [act, setAct] = useState<Act | null>(null);
  const may = useMay();
  const restore = useRestore(dataset);
  const close = () => setAct(null);
  if (!may.edit) return null;
  return (
    <>
      <Menu
        label="More with this dataset"
        items={[
          { label: "Rename…", onSelect: () => setAct("rename") },
          dataset.archived_at ? { label: restore.isPending ? "Restoring…" : "Restore", disabled: restore.isPending, onSelect: restore.mutate } : { label: "Archive…", onSelect: () => setAct("archive") },
          "-",
          { label: "Delete…", danger: true, onSelect: () => setAct("delete") },
        ]}
      />
      {act === "rename" ? <Rename dataset={dataset} onClose={close} /> : null}
      {act === "archive" ? <Archive dataset={dataset} onClose={close} /> : null}
      {act === "delete" ? <Delete dataset={dataset} onClose={close} onArchive={() => setAct("archive")} /> : null}
    </>
  );
}

/** Above everything of a dataset that is put away. */
export function ArchivedNotice({ dataset }: { dataset: Dataset }) {
  const may = useMay();
  const restore = useRestore(dataset);
  return (
    <Notice
      tone="warn"
      title="Archived."
      action={
        <Button size="s" busy={restore.isPending} onClick={restore.mutate} disabled={!may.edit} why={needs("editor")}>
          Restore
        </Button>
      }
    >
      Put away <RelativeTime at={dataset.archived_at} />: it can be read, and nothing begins on it or changes in it until it is restored.
    </Notice>
  );
}

function useRestore({ id, name }: Dataset): { mutate: () => void; isPending: boolean } {
  const restore = useChange("patch", ONE, { invalidates: AGAIN });
  return { isPending: restore.isPending, mutate: () => restore.mutate({ path: { dataset_id: id }, body: { archived: false } }, { onSuccess: () => toast(`${name} is back`), onError: toastError }) };
}

function Rename({ dataset, onClose }: { dataset: Dataset; onClose: () => void }) {
  const [name, setName] = useState(dataset.name);
  const path = { dataset_id: dataset.id };
  const rename = useChange("patch", ONE, { invalidates: AGAIN });
  const undo = useUndo(AGAIN);
  const done = ({ name: now }: Dataset) => {
    onClose();
    toast(`It is called ${now}`, undo(() => send("patch", ONE, { path, body: { name: dataset.name } }), `It is called ${dataset.name} again`));
  };
  return (
    <FormDialog open onOpenChange={(open) => open || onClose()} title={`Rename ${dataset.name}`} description="Runs and schedules name it by its id: they stay with it." submit="Rename" busy={rename.isPending} error={rename.error} missing={name.trim() === dataset.name ? UNCHANGED : undefined} disabled={name.trim() === "" || name.trim() === dataset.name} onSubmit={() => rename.mutate({ path, body: { name: name.trim() } }, { onSuccess: done })}>
      <Field label="Name" required error={errorFor(rename.error, "name")}>
        <Input autoFocus value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
      </Field>
    </FormDialog>
  );
}

function Archive({ dataset, onClose }: { dataset: Dataset; onClose: () => void }) {
  const { name } = dataset;
  const path = { dataset_id: dataset.id };
  const archive = useChange("patch", ONE, { invalidates: AGAIN });
  const undo = useUndo(AGAIN);
  const uses = usesOf(archive.error);
  const done = () => {
    onClose();
    toast(`${name} is archived`, undo(() => send("patch", ONE, { path, body: { archived: false } }), `${name} is back`));
  };
  return (
    <ConfirmDialog open onOpenChange={(open) => open || onClose()} title={`Archive ${name}?`} submit="Archive" danger={false} busy={archive.isPending} error={uses ? null : archive.error} onSubmit={() => archive.mutate({ path, body: { archived: true } }, { onSuccess: done })}>
      {uses ? (
        <InUse uses={uses} begin="It cannot be archived while this would go on using it:">
          Have that use another dataset, or remove it, and archive this one then.
        </InUse>
      ) : (
        <p>Lists leave it out, and nothing begins on it or changes in it. Its items, runs and what they proved stay, what is under way goes on, and it can be restored as it was.</p>
      )}
    </ConfirmDialog>
  );
}

function Delete({ dataset, onClose, onArchive }: { dataset: Dataset; onClose: () => void; onArchive: () => void }) {
  const { name } = dataset;
  const items = Object.values(dataset.counts).reduce((sum, one) => sum + one, 0);
  const navigate = useNavigate();
  const remove = useChange("delete", ONE, { invalidates: AGAIN, removes: ONE });
  // Under one key it is deleted once, also where the answer was lost on its way and it is pressed again.
  const key = useRef(newIdempotencyKey());
  const uses = usesOf(remove.error);
  const submit = () =>
    remove.mutate(
      { path: { dataset_id: dataset.id }, headers: { "Idempotency-Key": key.current } },
      {
        onSuccess: (gone) => {
          toast(`${name} is deleted, with ${plural(gone.items, "item")}`);
          void navigate({ to: "/datasets", search: (dataset.archived_at ? { archived: "1" } : {}) as never });
        },
      },
    );
  const isMeasured = uses?.some((one) => one.isMeasured) ?? false;
  const canArchive = isMeasured && !dataset.archived_at;
  return (
    <FormDialog
      open
      onOpenChange={(open) => open || onClose()}
      danger={!canArchive}
      title={uses ? `${name} is in use` : `Delete ${name}?`}
      submit={canArchive ? "Archive it instead" : uses ? "Try again" : "Delete it"}
      cancel={uses ? "Close" : "Cancel"}
      busy={remove.isPending}
      error={uses ? null : remove.error}
      onSubmit={canArchive ? onArchive : submit}
    >
      {uses ? (
        <InUse uses={uses} begin="It cannot be deleted, because this uses it:">
          {whatInstead(uses, canArchive)}
        </InUse>
      ) : (
        <p className="text-14">With {plural(items, "item")} and all its versions; nothing brings it back. Where a run, a suggestion or a schedule rests on it, nothing is deleted, and you are told what does.</p>
      )}
    </FormDialog>
  );
}

function whatInstead(uses: readonly Use[], canArchive: boolean): string {
  if (!uses.some((one) => one.isMeasured)) return "Have that use another dataset, or remove it, and delete this one then.";
  const why = "What was measured would rest on nothing.";
  if (!canArchive) return `${why} It is archived, and so in nobody's way.`;
  return uses.every((one) => one.isMeasured) ? `${why} Archived, it is in nobody's way.` : `${why} Have the others use another dataset, or remove them, and archive it: then it is in nobody's way.`;
}

function InUse({ uses, begin, children }: { uses: readonly Use[]; begin: string; children: string }) {
  return (
    <div role="alert" className="flex flex-col gap-2 text-14">
      <p>{begin}</p>
      <ul aria-label="What uses it" className="list-disc pl-5 text-13">
        {uses.map((one) => (
          <li key={one.words}>
            {one.words}
            {one.links.map(({ to, label }, place) => (
              <span key={`${to} ${label}`}>
                {place === 0 ? ": " : ", "}
                <TextLink to={to}>{label}</TextLink>
              </span>
            ))}
            {one.links.length > 0 && one.more > 0 ? `, and ${one.more} more` : null}
          </li>
        ))}
      </ul>
      <p>{children}</p>
    </div>
  );
}
