import { memo, useLayoutEffect, useMemo, useRef, useState } from "react";
import { classes } from "@/lib/classes";
import { count, plural } from "@/lib/format";
import { Button } from "./Button";
import { type Row, diffRows } from "./diff-lines";
import { AT_ONCE, partsOf, stretches } from "./diff-parts";

type DiffProps = { before: string; after: string; label: string; beforeName: string; afterName: string };

/** What was taken out and put in, by line and word. Unchanged stretches fold; signs stand beside the colours. Of many lines the first ones are
 * shown, with how many follow. */
export function Diff({ before, after, ...names }: DiffProps) {
  const rows = useMemo(() => diffRows(before, after), [before, after]);
  // What was opened of one comparison says nothing of another.
  const [turn, setTurn] = useState({ rows, number: 0 });
  if (turn.rows !== rows) setTurn({ rows, number: turn.number + 1 });
  return <Compared key={turn.number} rows={rows} {...names} />;
}

function Compared({ rows, label, beforeName, afterName }: Omit<DiffProps, "before" | "after"> & { rows: readonly Row[] }) {
  const found = useMemo(() => stretches(rows), [rows]);
  const [open, setOpen] = useState<ReadonlyMap<number, number>>(new Map());
  const [most, setMost] = useState(AT_ONCE);
  const box = useRef<HTMLDivElement>(null);
  const next = useRef<number | null>(null);
  const [out, put] = useMemo(() => [rows.filter((row) => row.kind === "out").length, rows.filter((row) => row.kind === "in").length], [rows]);
  const { parts, left, changed } = useMemo(() => partsOf(rows, found, open, most), [rows, found, open, most]);
  useLayoutEffect(() => {
    // Reading goes on at the first line that came: the button that was pressed is further down, or gone.
    const line = next.current === null ? null : box.current?.querySelector<HTMLElement>(`[data-line="${next.current}"]`);
    next.current = null;
    if (!line) return;
    line.tabIndex = -1;
    line.focus({ preventScroll: true });
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- other lines are there now
  }, [parts]);
  if (out + put === 0) return <p className="rounded-m border border-line px-3 py-2 text-13 text-muted">{label}: no difference.</p>;
  const unfold = (fold: number, hidden: number) => {
    const shown = open.get(fold) ?? 0;
    next.current = fold + shown;
    setOpen(new Map(open).set(fold, shown + Math.min(hidden, AT_ONCE)));
    // What stands below it stays in sight.
    setMost(most + Math.min(hidden, AT_ONCE));
  };
  const more = () => {
    next.current = rows.length - left;
    setMost(most + AT_ONCE);
  };
  const digits = String(Math.max(rows.findLast((row) => row.before)?.before ?? 0, rows.findLast((row) => row.after)?.after ?? 0)).length;
  return (
    <figure aria-label={`${label}: ${beforeName} against ${afterName}`} className="min-w-0 overflow-hidden rounded-m border border-line bg-panel">
      <figcaption className="flex flex-wrap items-center justify-between gap-2 border-b border-line bg-sunken px-3 py-1.5 text-12 text-muted">
        <span>{label}</span>
        <span className="numeric">
          <span className="text-bad">−{out}</span> <span className="sr-only">lines out,</span> <span className="text-ok">+{put}</span> <span className="sr-only">lines in, from</span> · {beforeName} → {afterName}
        </span>
      </figcaption>
      <div ref={box} style={{ "--digits": `calc(${Math.max(2, digits)}ch + 0.5rem)` } as object} className="overflow-x-auto font-mono text-12 leading-5">
        {parts.map((part) =>
          "row" in part ? (
            <Line key={part.at} at={part.at} row={part.row} />
          ) : (
            <div key={`fold ${part.fold}`} className="border-y border-line bg-sunken px-2 py-0.5 font-sans">
              <Button variant="ghost" size="s" onClick={() => unfold(part.fold, part.hidden)}>
                {part.hidden > AT_ONCE ? `Show ${AT_ONCE} of ${count(part.hidden)} unchanged lines` : `Show ${part.hidden} unchanged lines`}
              </Button>
            </div>
          ),
        )}
      </div>
      {left > 0 ? (
        <div className="flex flex-wrap items-center justify-between gap-2 border-t border-line bg-sunken px-3 py-1.5 text-12 text-muted">
          <p>
            {left === 1 ? "1 more line follows" : `${count(left)} more lines follow`}, {changed === 0 ? "none" : count(changed)} of them changed.
          </p>
          <Button size="s" onClick={more}>
            Show {left > AT_ONCE ? `${AT_ONCE} more lines` : plural(left, "more line")}
          </Button>
        </div>
      ) : null}
    </figure>
  );
}

const Line = memo(function Line({ row, at }: { row: Row; at: number }) {
  return (
    <div data-line={at} className={classes("grid grid-cols-[var(--digits)_var(--digits)_2ch_minmax(0,1fr)] px-2 outline-offset-[-2px]", row.kind === "out" && "bg-bad-soft", row.kind === "in" && "bg-ok-soft")}>
      <span aria-hidden className="pr-1 text-right whitespace-nowrap text-muted select-none">
        {row.before}
      </span>
      <span aria-hidden className="pr-1 text-right whitespace-nowrap text-muted select-none">
        {row.after}
      </span>
      <span className={classes("text-center select-none", row.kind === "out" && "text-bad", row.kind === "in" && "text-ok")}>
        <span aria-hidden className={row.kind === "out" ? "before:content-['−']" : row.kind === "in" ? "before:content-['+']" : undefined} />
        {row.kind === "same" ? null : <span className="sr-only">{row.kind === "out" ? "out: " : "in: "}</span>}
      </span>
      <span dir="auto" className="whitespace-break-spaces wrap-anywhere">
        {row.pieces().map((piece, index) =>
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
});
