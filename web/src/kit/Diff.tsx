import { useMemo, useState } from "react";
import { classes } from "@/lib/classes";
import { Button } from "./Button";
import { type Row, diffRows } from "./diff-lines";

const CONTEXT = 3;

/** What was taken out and put in, by line and word. Unchanged stretches fold; signs stand beside the colours. */
export function Diff({ before, after, label, beforeName, afterName }: { before: string; after: string; label: string; beforeName: string; afterName: string }) {
  const rows = useMemo(() => diffRows(before, after), [before, after]);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const [out, put] = [rows.filter((row) => row.kind === "out").length, rows.filter((row) => row.kind === "in").length];
  if (out + put === 0) return <p className="rounded-m border border-line px-3 py-2 text-13 text-muted">{label}: no difference.</p>;
  return (
    <figure aria-label={`${label}: ${beforeName} against ${afterName}`} className="min-w-0 overflow-hidden rounded-m border border-line bg-panel">
      <figcaption className="flex flex-wrap items-center justify-between gap-2 border-b border-line bg-sunken px-3 py-1.5 text-12 text-muted">
        <span>{label}</span>
        <span className="numeric">
          <span className="text-bad">−{out}</span> <span className="sr-only">lines out,</span> <span className="text-ok">+{put}</span> <span className="sr-only">lines in, from</span> · {beforeName} → {afterName}
        </span>
      </figcaption>
      <div className="overflow-x-auto font-mono text-12 leading-5">
        {folded(rows, open).map((part) =>
          "row" in part ? (
            <Line key={part.at} row={part.row} />
          ) : (
            <div key={part.at} className="border-y border-line bg-sunken px-2 py-0.5 font-sans">
              <Button variant="ghost" size="s" onClick={() => setOpen(new Set([...open, part.at]))}>
                Show {part.hidden} unchanged lines
              </Button>
            </div>
          ),
        )}
      </div>
    </figure>
  );
}

type Part = { at: number; row: Row } | { at: number; hidden: number };

function folded(rows: readonly Row[], open: ReadonlySet<number>): Part[] {
  const near = rows.map((_, at) => rows.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((row) => row.kind !== "same"));
  const parts: Part[] = [];
  for (let at = 0; at < rows.length; ) {
    let end = at;
    while (end < rows.length && !near[end]) end++;
    if (end - at > 2 && !open.has(at)) {
      parts.push({ at, hidden: end - at });
      at = end;
      continue;
    }
    const until = Math.max(end, at + 1);
    for (; at < until; at++) {
      const row = rows[at];
      if (row) parts.push({ at, row });
    }
  }
  return parts;
}

function Line({ row }: { row: Row }) {
  return (
    <div className={classes("grid grid-cols-[3.25ch_3.25ch_2ch_minmax(0,1fr)] px-2", row.kind === "out" && "bg-bad-soft", row.kind === "in" && "bg-ok-soft")}>
      <span aria-hidden className="pr-1 text-right text-muted select-none">
        {row.before}
      </span>
      <span aria-hidden className="pr-1 text-right text-muted select-none">
        {row.after}
      </span>
      <span className={classes("text-center select-none", row.kind === "out" && "text-bad", row.kind === "in" && "text-ok")}>
        <span aria-hidden className={row.kind === "out" ? "before:content-['−']" : row.kind === "in" ? "before:content-['+']" : undefined} />
        {row.kind === "same" ? null : <span className="sr-only">{row.kind === "out" ? "out: " : "in: "}</span>}
      </span>
      <span className="whitespace-pre-wrap wrap-anywhere">
        {row.pieces.map((piece, index) =>
          piece.kind === "same" ? (
            <span key={index}>{piece.text}</span>
          ) : (
            <span key={index} className={classes("rounded-[2px] font-semibold underline decoration-2 underline-offset-3", piece.kind === "out" ? "text-bad" : "text-ok")}>
              {piece.text}
            </span>
          ),
        )}
      </span>
    </div>
  );
}
