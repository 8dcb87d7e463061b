import { useEffect, useState } from "react";
import type { Schema } from "@/api/client";
import { change } from "@/api/hooks";
import { Notice } from "@/kit";
import { count, percent, plural } from "@/lib/format";
import { type Item, SPLITS } from "./items";

type Preview = Schema<"Preview">;
const WAIT_MS = 500;
const SHOWN = 5;

/** What the API makes of the items before any is saved: where each would stand, what says the same, what is refused. Quiet where it cannot say. */
export function WouldBecome({ items, rowsOf }: { items: readonly Item[]; /** Of each item, the row that it comes from: rows before it may be left out. */ rowsOf: readonly number[] }) {
  const [found, setFound] = useState<{ of: readonly Item[]; preview: Preview } | null>(null);
  useEffect(() => {
    let isOver = false;
    const timer = setTimeout(() => {
      change("post", "/v1/datasets/preview", { query: { keep_blank: items.some((one) => one.expected === null) }, body: { items } as never }).then(
        (preview) => (isOver ? undefined : setFound({ of: items, preview: preview as Preview })),
        () => (isOver ? undefined : setFound(null)),
      );
    }, WAIT_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [items]);
  if (!found || found.of !== items) return null;
  const rowOf = (line: number) => rowsOf[line - 1] ?? line;
  const { items: kept, duplicates, contradictions, counts, problems, problems_left_out: more, near_duplicates: pairs } = found.preview;
  return (
    <div role="group" aria-label="What would be saved" className="flex flex-col gap-2 text-13">
      <p className="numeric">
        Would be saved: <strong className="font-semibold">{plural(kept, "item")}</strong>, {SPLITS.map((split) => `${count(counts[split] ?? 0)} ${split}`).join(", ")}.
        {duplicates > 0 ? ` ${plural(duplicates, "row")} ${duplicates === 1 ? "has" : "have"} an input that came before, and ${duplicates === 1 ? "is" : "are"} left out.` : ""}
      </p>
      {problems.length > 0 ? (
        <Notice tone="bad" title="It would be refused as a whole:">
          <ul className="list-disc pl-4">
            {problems.slice(0, SHOWN).map((one) => (
              <li key={one.line}>
                Row {rowOf(one.line)}: {one.message}
              </li>
            ))}
            {problems.length + more > SHOWN ? <li>… and {count(problems.length + more - SHOWN)} more.</li> : null}
          </ul>
        </Notice>
      ) : null}
      {contradictions.length > 0 ? (
        <Notice tone="warn" title={`${plural(contradictions.length, "row")} ${contradictions.length === 1 ? "expects" : "expect"} another answer than the row that came before with the same input:`}>
          {contradictions.slice(0, SHOWN).map(rowOf).join(", ")}
          {contradictions.length > SHOWN ? `; and ${count(contradictions.length - SHOWN)} more` : ""}. The first answer counts.
        </Notice>
      ) : null}
      {pairs.length > 0 ? (
        <Notice tone="warn" title={`${plural(pairs.length, "pair")} in different splits ${pairs.length === 1 ? "says" : "say"} almost the same:`}>
          {pairs
            .slice(0, SHOWN)
            .map((one) => `rows ${one.lines.map(rowOf).join(" and ")} (${one.splits.join(", ")}, ${percent(one.similarity, 0)})`)
            .join("; ")}
          {pairs.length > SHOWN ? `; and ${count(pairs.length - SHOWN)} more` : ""}. What was learnt from one is no news in the other.
        </Notice>
      ) : null}
    </div>
  );
}
