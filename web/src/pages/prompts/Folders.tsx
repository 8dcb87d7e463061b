import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { change as send, invalidate, read, useAll } from "@/api/hooks";
import { FormDialog, toast, toastError } from "@/kit";
import { Progress } from "@/kit/Progress";
import { plural } from "@/lib/format";
import { FolderInput } from "./Life";

const AGAIN = ["/v1/prompts", "/v1/folders"];
type Moved = { slug: string; from: string; to: string };

/** Folders as choices, each with how many prompts lie in it and below. */
export function useFolders(): { value: string; label: string; hint: string }[] {
  const found = useAll("/v1/folders", {}, { staleTime: 60_000 });
  return (found.rows ?? []).filter((one) => one.folder).map((one) => ({ value: one.folder, label: one.folder, hint: plural(one.within, "prompt") }));
}

/** Every prompt of a folder and of those below it. */
async function promptsWithin(folder: string): Promise<{ slug: string; folder: string }[]> {
  const found: { slug: string; folder: string }[] = [];
  let cursor: string | null = null;
  do {
    const page: { data: { slug: string; folder: string }[]; next_cursor: string | null } = await read("/v1/prompts", { query: { folder, limit: 200, sort: "name", ...(cursor ? { cursor } : {}) } });
    found.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}

/** Renames a folder or puts it into another one: each of its prompts moves by itself, so what was done stays done where one is refused. */
export function MoveFolder({ folder, onClose, onMoved }: { folder: string; onClose: () => void; onMoved: (to: string) => void }) {
  const [to, setTo] = useState(folder);
  const [progress, setProgress] = useState<{ done: number; total: number } | null>(null);
  // Also while it is asked what lies in it: nothing closes the form by then, and a second press moves nothing twice.
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const queries = useQueryClient();
  const target = to.trim().replace(/^\/+|\/+$/g, "");

  const move = async (all: readonly Moved[], tell: (done: number) => void) => {
    for (const [index, one] of all.entries()) {
      await send("patch", "/v1/prompts/{slug}", { path: { slug: one.slug }, body: { folder: one.to } });
      tell(index + 1);
    }
  };
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      const all = (await promptsWithin(folder)).map((one): Moved => ({ slug: one.slug, from: one.folder, to: [target, one.folder.slice(folder.length).replace(/^\//, "")].filter(Boolean).join("/") }));
      setProgress({ done: 0, total: all.length });
      await move(all, (done) => setProgress({ done, total: all.length }));
      onMoved(target);
      onClose();
      const back = all.map((one): Moved => ({ slug: one.slug, from: one.to, to: one.from }));
      toast(`${plural(all.length, "prompt")} moved to ${target || "the top"}`, {
        label: "Undo",
        run: () =>
          void move(back, () => undefined)
            .then(() => (onMoved(folder), toast(`${folder} is back`)), toastError)
            .finally(() => void invalidate(queries, AGAIN)),
      });
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
      setProgress(null);
      await invalidate(queries, AGAIN);
    }
  };
  return (
    <FormDialog open onOpenChange={(open) => (open ? undefined : onClose())} title={`Move the folder ${folder}`} description="With everything below it. Nobody calls a prompt by its folder: nothing changes for applications." submit="Move" busy={busy} error={error} missing={target === folder ? "It is there already." : undefined} disabled={target === folder} onSubmit={() => void submit()}>
      <FolderInput autoFocus label="New path" value={to} onChange={setTo} />
      {progress ? <Progress label="Moved" done={progress.done} total={progress.total} /> : null}
    </FormDialog>
  );
}
