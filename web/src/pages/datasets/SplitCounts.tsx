import { count } from "@/lib/format";
import { SPLITS } from "./items";

const color = { train: "var(--series-2)", validation: "var(--series-1)", test: "var(--series-3)" } as const;

/** How the items are shared out, as one bar; the figures stand beside it. */
export function SplitBar({ counts, className }: { counts: Readonly<Record<string, number>>; className?: string }) {
  const total = SPLITS.reduce((sum, split) => sum + (counts[split] ?? 0), 0);
  return (
    <span aria-hidden data-drawn className={`flex h-2 min-w-16 gap-px overflow-hidden rounded-full bg-sunken ${className ?? ""}`}>
      {SPLITS.map((split) => (
        <span key={split} title={`${split}: ${count(counts[split] ?? 0)}`} style={{ width: total === 0 ? 0 : `${(100 * (counts[split] ?? 0)) / total}%`, background: color[split] }} />
      ))}
    </span>
  );
}

export function SplitDot({ split }: { split: string }) {
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <span aria-hidden data-drawn className="size-2 rounded-full" style={{ background: color[split as keyof typeof color] ?? "var(--line-strong)" }} />
      {split}
    </span>
  );
}
