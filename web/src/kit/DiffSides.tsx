import { useMemo, useState } from "react";
import { classes } from "@/lib/classes";
import { count } from "@/lib/format";
import { Button } from "./Button";
import { type Row, diffRows } from "./diff-lines";
import { AT_ONCE } from "./diff-parts";

/** Two texts side by side, below one another in narrow windows: each is whole, and the words that only one of them has are marked (`<del>`, `<ins>`).
 * Of many lines the first ones are shown, with a button for the rest. Null: there is no text, and `instead` says why. */
export function DiffSides({ before, after }: { before: Side; after: Side }) {
  const rows = useMemo(() => diffRows(before.text ?? "", after.text ?? ""), [before.text, after.text]);
  const both = before.text !== null && after.text !== null;
  return (
    <div className="grid min-w-0 gap-3 sm:grid-cols-2">
      <Pane side={before} kind="out" rows={rows.filter((row) => row.kind !== "in")} marks={both} />
      <Pane side={after} kind="in" rows={rows.filter((row) => row.kind !== "out")} marks={both} />
    </div>
  );
}

export type Side = { name: string; text: string | null; instead: string };

function Pane({ side, kind, rows, marks }: { side: Side; kind: "out" | "in"; rows: readonly Row[]; marks: boolean }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? rows : rows.slice(0, AT_ONCE);
  return (
    <figure aria-label={side.name} className="flex min-w-0 flex-col overflow-hidden rounded-m border border-line bg-panel">
      <figcaption className="border-b border-line bg-sunken px-3 py-1.5 text-12 wrap-anywhere text-muted">{side.name}</figcaption>
      {side.text === null ? (
        <p className="px-3 py-2 text-13 text-muted">{side.instead}</p>
      ) : side.text === "" ? (
        <p className="px-3 py-2 text-13 text-muted">(empty)</p>
      ) : (
        <div className="py-1 text-13">
          {shown.map((row, at) => (
            <Line key={at} row={row} kind={kind} marks={marks} />
          ))}
          {shown.length < rows.length ? (
            <div className="px-3 py-1">
              <Button size="s" onClick={() => setWhole(true)}>
                Show {count(rows.length - shown.length)} more lines
              </Button>
            </div>
          ) : null}
        </div>
      )}
    </figure>
  );
}

function Line({ row, kind, marks }: { row: Row; kind: "out" | "in"; marks: boolean }) {
  const Mark = kind === "out" ? "del" : "ins";
  const isChanged = marks && row.kind !== "same";
  const pieces = row.pieces();
  // A line that shares hardly a word with the other side is marked as a whole.
  const isAll = isChanged && pieces.every((piece) => piece.kind === "same");
  const tone = kind === "out" ? "text-bad" : "text-ok";
  return (
    <p dir="auto" className={classes("min-h-5 px-3 whitespace-break-spaces wrap-anywhere", isChanged && (kind === "out" ? "bg-bad-soft" : "bg-ok-soft"))}>
      {pieces.map((piece, at) =>
        isAll || (isChanged && piece.kind !== "same") ? (
          <Mark key={at} className={classes("rounded-[2px] font-medium underline decoration-2 underline-offset-3", tone)}>
            {piece.text}
          </Mark>
        ) : (
          <span key={at}>{piece.text}</span>
        ),
      )}
    </p>
  );
}
