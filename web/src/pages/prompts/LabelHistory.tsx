import { useState } from "react";
import { change, useChange, usePages } from "@/api/hooks";
import { useAuthors } from "@/api/authors";
import { Button, ConfirmDialog, Drawer, ErrorState, RelativeTime, SkeletonText, TextLink, toast, useUndo } from "@/kit";
import type { Labelled, Move } from "./LabelMove";

const LABEL = { prompts: "/v1/prompts/{slug}/labels/{label}", chains: "/v1/chains/{slug}/labels/{label}" } as const;
const HISTORY = { prompts: "/v1/prompts/{slug}/labels/{label}/history", chains: "/v1/chains/{slug}/labels/{label}/history" } as const;

const MADE_BY = /\b(suggestion|experiment) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/;
const PLACE: Record<string, string> = { suggestion: "/optimize/suggestions", experiment: "/experiments" };

/** What moved it by itself is named by its id: a link leads there, and nobody reads ids. */
function Reason({ text }: { text: string }) {
  const [all, kind = "", id = ""] = MADE_BY.exec(text) ?? [];
  if (all === undefined) return text;
  const [before = "", after = ""] = text.split(all);
  return (
    <>
      {before}
      <TextLink to={`${PLACE[kind] ?? ""}/${id}`}>{kind}</TextLink>
      {after}
    </>
  );
}

/** The version that `at` took the place of. What the label came back from is not before it: offered once more, a press would bring back what was just
 * taken away. `moves`: the newest first. Pure. */
export function beneath(moves: readonly { version: number | null; from_version: number | null }[], at: number): number | null {
  const stood: number[] = [];
  const come = (version: number | null) => {
    if (version === null) return;
    const before = stood.indexOf(version);
    if (before >= 0) stood.length = before;
    stood.push(version);
  };
  come(moves.at(-1)?.from_version ?? null);
  for (const move of moves.toReversed()) come(move.version);
  return stood[stood.indexOf(at) - 1] ?? null;
}

/** Where a label has been, who moved it and why. Going back is one more move, which can be undone like any other. */
export function LabelHistory({ of = "prompts", prompt, label, onClose, onMove, why }: { of?: Labelled; /** Or a chain. */ prompt: { slug: string; labels: Record<string, number> }; label: string; onClose: () => void; onMove: (move: Move) => void; why: string | null }) {
  const nameOfAuthor = useAuthors();
  const [removing, setRemoving] = useState(false);
  const { slug } = prompt;
  const at = prompt.labels[label];
  const moves = usePages(HISTORY[of], { path: { slug, label } });
  const before = at === undefined ? (moves.rows[0]?.version === null ? moves.rows[0].from_version : null) : beneath(moves.rows, at);
  const back = (version: number): Move => ({ version, label, reason: at === undefined ? "Bring it back" : `Roll back from v${at}`, back: true });
  return (
    <Drawer
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Label ${label}`}
      description={at === undefined ? "It stands nowhere: whoever asks for it gets 404." : `It stands at v${at}.`}
      actions={
        <>
          {before === null ? null : (
            <Button variant="primary" disabled={why !== null} why={why ?? undefined} onClick={() => onMove(back(before))}>
              {at === undefined ? `Bring it back at v${before}…` : `Roll back to v${before}…`}
            </Button>
          )}
          {at === undefined ? null : (
            <Button disabled={why !== null} why={why ?? undefined} onClick={() => setRemoving(true)}>
              Remove…
            </Button>
          )}
        </>
      }
    >
      {moves.isPending ? <SkeletonText lines={5} /> : null}
      {moves.error && moves.rows.length === 0 ? <ErrorState error={moves.error} onRetry={moves.retry} /> : null}
      <ol aria-label={`Moves of ${label}`} className="flex flex-col">
        {moves.rows.map((move, index) => (
          <li key={`${move.moved_at} ${index}`} className="flex items-start justify-between gap-4 border-b border-line py-2.5 text-13">
            <span className="min-w-0">
              <span className="numeric font-medium">{move.version === null ? `taken from v${move.from_version ?? "?"}` : move.from_version === null ? `set to v${move.version}` : `v${move.from_version} → v${move.version}`}</span>
              {move.reason ? <span className="block wrap-anywhere"><Reason text={move.reason} /></span> : null}
              <span className="block text-12 text-muted">
                {nameOfAuthor(move.author)}, <RelativeTime at={move.moved_at} />
              </span>
            </span>
            {move.version !== null && move.version !== at ? (
              <Button size="s" disabled={why !== null} why={why ?? undefined} onClick={() => onMove(back(move.version ?? 1))}>
                Back to v{move.version}…
              </Button>
            ) : null}
          </li>
        ))}
      </ol>
      {moves.hasMore ? (
        <Button size="s" className="mt-3" onClick={moves.loadMore} busy={moves.isLoadingMore}>
          Load more
        </Button>
      ) : null}
      {removing ? <RemoveLabel of={of} slug={slug} label={label} version={at} onClose={() => setRemoving(false)} /> : null}
    </Drawer>
  );
}

function RemoveLabel({ of, slug, label, version, onClose }: { of: Labelled; slug: string; label: string; version: number | undefined; onClose: () => void }) {
  const remove = useChange("delete", LABEL[of], { invalidates: [`/v1/${of}`] });
  const undo = useUndo([`/v1/${of}`]);
  const put = (at: number) => undo(() => change("put", LABEL[of], { path: { slug, label }, body: { version: at, reason: "Undo" } }), `${label} is back at v${at}`);
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Remove ${label}`}
      submit="Remove"
      busy={remove.isPending}
      error={remove.error}
      onSubmit={() => remove.mutate({ path: { slug, label } }, { onSuccess: () => (onClose(), toast(`${label} is removed`, version === undefined ? undefined : put(version))) })}
    >
      Every call that asks for {slug}@{label} hears 404 from now on. Its history stays.
    </ConfirmDialog>
  );
}
