import { X } from "lucide-react";
import { useId, useState } from "react";
import { FEEDBACK } from "@/api/choices";
import type { Schema } from "@/api/client";
import { usePages, useRead } from "@/api/hooks";
import { Badge, Button, CHIP, CHIPS, Checkbox, EmptyState, FieldFault, IconButton, Lines, Paged, SearchInput, SkeletonText, errorFor, takeChip } from "@/kit";
import { count, shortId } from "@/lib/format";
import { inputWords } from "@/pages/datasets/items";
import { SplitDot } from "@/pages/datasets/SplitCounts";
import { ANCHORS_MOST, anchorFault, withAnchors } from "./search";

type Item = Schema<"ItemAnswer">;
const ITEMS = "/v1/datasets/{dataset_id}/items";
const SHOWN = 20;

/** What a search sees: it may not look at test items. */
const SEEN = "train,validation";

/** Items that every candidate keeps right, chosen among those of the dataset that a search sees. */
export function Anchors({ dataset, chosen, error, onChange }: { dataset: string | null; chosen: readonly string[]; error: unknown; onChange: (anchors: string[]) => void }) {
  const [isOpen, setOpen] = useState(false);
  const [seen, setSeen] = useState<ReadonlyMap<string, Item>>(new Map());
  const name = useId();
  const isDataset = dataset !== null && dataset !== FEEDBACK.value;
  const isFull = chosen.length >= ANCHORS_MOST;
  const put = (items: readonly Item[], on: boolean) => {
    setSeen((before) => new Map([...before, ...items.map((one) => [one.id, one] as const)]));
    onChange(withAnchors(chosen, items.map((one) => one.id), on)); // prettier-ignore
  };
  return (
    <div role="group" aria-labelledby={name} {...CHIPS} className="flex min-w-0 flex-col gap-2">
      <span id={name} className="text-13 font-medium">
        Items that must stay right
      </span>
      {chosen.length > 0 ? <Chosen key={`chosen of ${dataset}`} dataset={isDataset ? dataset : null} chosen={chosen} seen={seen} error={error} onChange={onChange} /> : null}
      <p className="text-12 text-muted" role="status">
        {chosen.length === 0 ? "None. What the version gets right of those that you choose, a better one gets right too, or nothing is suggested." : `${count(chosen.length)} of at most ${count(ANCHORS_MOST)}${isFull ? "; take some out to choose others" : ""}.`}
      </p>
      <FieldFault text={errorFor(error, "constraints.anchors")} />
      {isDataset ? (
        <span className="flex flex-wrap gap-2">
          <Button size="s" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? "Close the list" : "Choose items"}
          </Button>
          {chosen.length > 1 ? (
            <Button size="s" variant="ghost" onClick={() => onChange([])}>
              Take out all
            </Button>
          ) : null}
        </span>
      ) : (
        <p className="text-12 text-muted">{dataset === null ? "Choose a dataset first." : "They are chosen of a dataset: what people said becomes one with its first search."}</p>
      )}
      {isDataset && isOpen ? <Choice key={`of ${dataset}`} dataset={dataset} chosen={chosen} isFull={isFull} onPut={put} /> : null}
    </div>
  );
}

function Choice({ dataset, chosen, isFull, onPut }: { dataset: string; chosen: readonly string[]; isFull: boolean; onPut: (items: readonly Item[], on: boolean) => void }) {
  const [q, setQ] = useState("");
  const pages = usePages(ITEMS, { path: { dataset_id: dataset }, query: { split: SEEN, q, limit: SHOWN } });
  const left = pages.rows.filter((row) => !chosen.includes(row.id)).slice(0, Math.max(0, ANCHORS_MOST - chosen.length));
  return (
    <div className="flex min-w-0 flex-col gap-2 rounded-m border border-line p-2.5">
      {/* Enter here looks, and sends no form. */}
      <div role="search" aria-label="Items" onKeyDown={(event) => event.key === "Enter" && !event.metaKey && !event.ctrlKey && event.target instanceof HTMLInputElement && event.target.type === "search" && event.preventDefault()}>
        <SearchInput label="Search items" placeholder="Search input or answer" value={q} onChange={setQ} />
      </div>
      <Paged pages={pages.isStale ? { ...pages, rows: [] } : pages} skeleton={<SkeletonText lines={4} />} empty={<EmptyState title="No items">{q ? "No train or validation item has these words." : "The dataset has no train or validation items."}</EmptyState>}>
        <Lines label="Train and validation items" className="flex max-h-72 flex-col overflow-y-auto">
          {pages.rows.map((row) => (
            <li key={row.id} className="border-b border-line py-1.5 last:border-b-0">
              <Checkbox
                checked={chosen.includes(row.id)}
                disabled={isFull && !chosen.includes(row.id)}
                onChange={(event) => onPut([row], event.target.checked)}
                label={<span className="line-clamp-2 text-13 wrap-anywhere">{inputWords(row.input)}</span>}
                hint={
                  <span className="flex flex-wrap gap-x-3">
                    <span className="wrap-anywhere">{row.expected ?? "–"}</span>
                    <SplitDot split={row.split} />
                  </span>
                }
              />
            </li>
          ))}
        </Lines>
      </Paged>
      {left.length > 1 && !pages.isStale ? (
        <span>
          <Button size="s" onClick={() => onPut(left, true)}>
            Choose {left.length === pages.rows.length ? "all" : "the other"} {count(left.length)} listed
          </Button>
        </span>
      ) : null}
    </div>
  );
}

/** `dataset` null: the items are of one that is not known here, and stand by their ids. */
function Chosen({ dataset, chosen, seen, error, onChange }: { dataset: string | null; chosen: readonly string[]; seen: ReadonlyMap<string, Item>; error: unknown; onChange: (anchors: string[]) => void }) {
  // What was chosen before this was shown; what is chosen since was listed.
  const [before] = useState(chosen);
  const found = useAnchors(dataset, before);
  const byId = new Map((found.data?.data ?? []).map((one) => [one.id, one]));
  return (
    <ul aria-label="Chosen items" className="flex max-h-44 flex-wrap gap-1.5 overflow-y-auto">
      {chosen.map((id, at) => {
        const item = seen.get(id) ?? byId.get(id);
        const words = item ? inputWords(item.input) : `item ${shortId(id)}`;
        const isLost = item?.removed_version != null || (found.data !== undefined && item === undefined) || anchorFault(error) === at;
        return (
          <li key={id} className="flex max-w-full items-center gap-1.5 rounded-s bg-sunken pl-2 text-12">
            <span className="max-w-64 min-w-0 truncate" title={words}>
              {words}
            </span>
            {isLost ? <Badge tone="warn">not in the dataset</Badge> : null}
            <IconButton {...CHIP} size="s" label={`Take out ${words.slice(0, 80)}`} icon={<X size={12} aria-hidden />} onClick={(event) => takeChip(event, words.slice(0, 80), () => onChange(chosen.filter((one) => one !== id)))} />
          </li>
        );
      })}
    </ul>
  );
}

/** Items by their ids, also those that the dataset holds no longer. At most `ANCHORS_MOST`, which is a page. */
export function useAnchors(dataset: string | null, ids: readonly string[]) {
  const sorted = [...ids].sort();
  return useRead(ITEMS, { path: { dataset_id: dataset ?? "" }, query: { item: sorted, limit: ANCHORS_MOST } }, { enabled: dataset !== null && ids.length > 0, staleTime: 60_000 });
}
