import { classes } from "@/lib/classes";
import { count } from "@/lib/format";

/** How far something is: a bar, with its figures in words below it. */
export function Progress({ label, done, total, words, className }: { label: string; done: number; total: number; /** Instead of "40 of 99". */ words?: string; className?: string }) {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const said = words ?? `${count(done)} of ${count(total)}`;
  return (
    <span className={classes("flex flex-col gap-1", className)}>
      <span role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={total} aria-valuenow={Math.min(done, total)} aria-valuetext={said} className="block h-1.5 w-full overflow-hidden rounded-full bg-line">
        <span style={{ width: `${share * 100}%` }} className="block h-full rounded-full bg-accent transition-[width] duration-150" />
      </span>
      <span aria-hidden className="numeric text-12 text-muted">
        {said}
      </span>
    </span>
  );
}
