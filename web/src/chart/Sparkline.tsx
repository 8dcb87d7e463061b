import { line } from "d3-shape";
import { type Point, stretches, valueRange } from "./geometry";
import { straight } from "./scale";

/** A line as small as a word. It says nothing by itself: the figure stands beside it, `label` is for who does not see. */
export function Sparkline({ values, label, width = 96, height = 24, color = 1 }: { values: readonly (number | null)[]; label: string; width?: number; height?: number; color?: 1 | 2 | 3 | 4 | 5 }) {
  const points: Point[] = values.map((value, x) => ({ x, value }));
  const range = valueRange([{ name: label, points }], { zero: false });
  const x = straight([0, Math.max(1, values.length - 1)], [2, width - 2]);
  const y = straight(range, [height - 3, 3]);
  const path = line<Point>((point) => x(point.x), (point) => y(point.value ?? 0));
  const last = points.findLast((point) => point.value !== null);
  return (
    <svg width={width} height={height} role="img" aria-label={label} className="inline-block align-middle">
      {stretches(points).map((part, index) => (
        <path key={index} d={path(part) ?? undefined} fill="none" stroke={`var(--series-${color})`} strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round" />
      ))}
      {last ? <circle cx={x(last.x)} cy={y(last.value ?? 0)} r="2" fill={`var(--series-${color})`} /> : null}
    </svg>
  );
}
