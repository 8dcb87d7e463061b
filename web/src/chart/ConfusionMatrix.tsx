import { Check } from "lucide-react";
import { Fragment, type KeyboardEvent, useId, useState } from "react";
import { ByArrows } from "@/kit";
import { count, percent } from "@/lib/format";
import { classes } from "@/lib/classes";

export type Confusion = { expected: string; predicted: string; count: number };

const keyOf = (expected: string, predicted: string) => JSON.stringify([expected, predicted]);

/** Rows are what was expected, columns what came; the diagonal is right. A cell opens its cases. One cell is a stop of Tab, and the arrow keys go to the
 * others: six answers would be some thirty stops otherwise. */
export function ConfusionMatrix({ cells, onCell, selected, label = "Confusion matrix" }: { cells: readonly Confusion[]; onCell?: (expected: string, predicted: string) => void; selected?: { expected: string; predicted: string } | null; label?: string }) {
  const { expected, predicted, at, most } = matrixOf(cells);
  const [last, setLast] = useState("");
  const help = useId();
  const open = onCell ? expected.flatMap((row) => predicted.filter((column) => at(row, column) > 0).map((column) => keyOf(row, column))) : [];
  const stop = [last, selected ? keyOf(selected.expected, selected.predicted) : ""].find((one) => open.includes(one)) ?? open[0];
  return (
    <>
    <div role="region" aria-label={label} tabIndex={open.length > 0 ? undefined : 0} className="peer max-w-full overflow-x-auto">
      <table aria-describedby={open.length > 1 ? help : undefined} onKeyDown={goByArrows} className="numeric border-separate border-spacing-0.5 text-12">
        <thead>
          <tr>
            <th scope="col" className="px-2 py-1 text-left font-medium text-muted">
              expected ↓ · came →
            </th>
            {predicted.map((name) => (
              <th key={name} scope="col" className="max-w-32 px-1.5 py-1 text-right align-bottom leading-4 font-medium wrap-break-word text-muted">
                <Breakable name={name} />
              </th>
            ))}
            <th scope="col" className="px-2 py-1 text-right font-medium text-muted">
              right
            </th>
          </tr>
        </thead>
        <tbody>
          {expected.map((row) => {
            const total = predicted.reduce((sum, column) => sum + at(row, column), 0);
            return (
              <tr key={row}>
                <th scope="row" className="max-w-44 px-2 py-1 text-left leading-4 font-medium wrap-break-word">
                  <Breakable name={row} />
                </th>
                {predicted.map((column) => {
                  const n = at(row, column);
                  const isRight = row === column;
                  const isChosen = selected?.expected === row && selected.predicted === column;
                  const shade = n === 0 ? 0 : 10 + Math.round((n / most) * 30);
                  const ground = `color-mix(in srgb, var(--${isRight ? "series-4" : "series-5"}) ${shade}%, var(--panel))`;
                  return (
                    <td key={column} style={{ background: ground }} className={classes("h-8 min-w-11 rounded-s p-0 text-right", isChosen && "outline-2 -outline-offset-2 outline-accent")}>
                      {n > 0 && onCell ? (
                        <button type="button" tabIndex={keyOf(row, column) === stop ? 0 : -1} onFocus={() => setLast(keyOf(row, column))} aria-pressed={isChosen} aria-label={`${count(n)} expected ${row}, came ${column}`} onClick={() => onCell(row, column)} className="h-8 w-full rounded-s px-2 text-right whitespace-nowrap hover:underline">
                          {count(n)}
                          {isRight ? <Check size={11} strokeWidth={2.5} aria-hidden className="ml-1 inline" /> : null}
                        </button>
                      ) : (
                        <span className={classes("px-2", n === 0 && "text-muted")}>{n === 0 ? "·" : count(n)}</span>
                      )}
                    </td>
                  );
                })}
                <td className="px-2 text-right">{total === 0 ? "–" : percent(at(row, row) / total, 0)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
    {open.length > 1 ? <ByArrows id={help}>The arrow keys go from cell to cell.</ByArrows> : null}
    </>
  );
}

/** To the cell that opens next: to the side in the order of reading, up and down in the nearest row that has one, as close below or above as there is. */
function goByArrows(event: KeyboardEvent<HTMLTableElement>) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step || event.metaKey || event.ctrlKey || event.altKey || !(event.target instanceof HTMLButtonElement)) return;
  const cells = [...event.currentTarget.querySelectorAll("tbody button")].map((button) => ({ button: button as HTMLElement, row: button.closest("tr")!.rowIndex, column: button.closest("td")!.cellIndex }));
  const here = cells.findIndex(({ button }) => button === event.target);
  const from = cells[here]!;
  const beyond = cells.filter(({ row }) => (row - from.row) * step > 0);
  const row = step > 0 ? beyond[0]?.row : beyond.at(-1)?.row;
  const away = ({ column }: { column: number }) => Math.abs(column - from.column);
  const next = event.key === "ArrowUp" || event.key === "ArrowDown" ? beyond.filter((one) => one.row === row).toSorted((a, b) => away(a) - away(b))[0] : cells[here + step];
  event.preventDefault();
  next?.button.focus();
}

/** A name in full, which may go on in the next line after a sign between its words. */
function Breakable({ name }: { name: string }) {
  const parts = name.match(/[^_./-]+[_./-]*|[_./-]+/g) ?? ["(empty)"];
  return parts.map((part, index) => (
    <Fragment key={index}>
      {part}
      <wbr />
    </Fragment>
  ));
}

/** Rows and columns in one order, so that the diagonal is the diagonal; what came but was never expected stands at the end. */
export function matrixOf(cells: readonly Confusion[]) {
  const expected = [...new Set(cells.map((cell) => cell.expected))].sort((a, b) => a.localeCompare(b));
  const others = [...new Set(cells.map((cell) => cell.predicted))].filter((name) => !expected.includes(name)).sort((a, b) => a.localeCompare(b));
  const counts = new Map<string, number>();
  for (const cell of cells) {
    const key = JSON.stringify([cell.expected, cell.predicted]);
    counts.set(key, (counts.get(key) ?? 0) + cell.count);
  }
  return { expected, predicted: [...expected, ...others], at: (row: string, column: string) => counts.get(JSON.stringify([row, column])) ?? 0, most: Math.max(1, ...counts.values()) };
}
