import { useMemo } from "react";
import type { Schema } from "@/api/client";
import { useRead } from "@/api/hooks";
import { EmptyState, Loaded } from "@/kit";
import { percent } from "@/lib/format";
import { SplitDot } from "./SplitCounts";
import { inputWords } from "./items";

const PAIRS_MOST = 50;

/** Pairs across splits that say almost the same: what was learnt from one is no news in the other. */
export function NearDuplicates({ dataset }: { dataset: Schema<"DatasetAnswer"> }) {
  const pairs = dataset.near_duplicates.slice(0, PAIRS_MOST);
  const ids = useMemo(() => [...new Set(pairs.flatMap((pair) => pair.items))], [pairs]);
  const found = useRead("/v1/datasets/{dataset_id}/items", { path: { dataset_id: dataset.id }, query: { item: ids, limit: 200 } }, { enabled: ids.length > 0 });
  if (pairs.length === 0) return <EmptyState title="None found">No two items in different splits say almost the same, so what is proven on test was not seen before.</EmptyState>;
  return (
    <Loaded of={found}>
      {(items) => (
        <div className="flex flex-col gap-3">
          <p className="max-w-[72ch] text-13 text-muted">Items in different splits that say almost the same make proofs too kind. Leave one of each pair out of the next dataset.</p>
          <ul className="flex flex-col gap-3">
            {pairs.map((pair) => (
              <li key={pair.items.join(" ")} className="rounded-l border border-line bg-panel">
                <p className="numeric border-b border-line px-3 py-1.5 text-12 text-muted">{percent(pair.similarity, 0)} alike</p>
                <div className="grid gap-px bg-line sm:grid-cols-2">
                  {pair.items.map((id, at) => {
                    const item = items.data.find((one) => one.id === id);
                    return (
                      <div key={id} className="min-w-0 bg-panel px-3 py-2 text-13 wrap-anywhere">
                        <p className="mb-1 text-12 text-muted">
                          <SplitDot split={pair.splits[at] ?? ""} />
                        </p>
                        {item ? inputWords(item.input) : "–"}
                        {item ? <p className="mt-1 text-12 text-muted">expects {item.expected}</p> : null}
                      </div>
                    );
                  })}
                </div>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Loaded>
  );
}
