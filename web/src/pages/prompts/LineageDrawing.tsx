import { Maximize2, Minus, Plus } from "lucide-react";
import { type ReactNode, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Badge, Button, IconButton } from "@/kit";
import { classes } from "@/lib/classes";
import { percent } from "@/lib/format";
import { type Edge, type Graph, NODE_PX, familyOf, nameOfNode, placed } from "./lineage";

export type Shown = { slug: string; graph: Graph; chosen: string | null; onChoose: (id: string) => void };

const ZOOM = { least: 0.3, readable: 0.8, most: 1.5, step: 1.25 } as const;
const PADDING_PX = 34;
const DASH = "5 4";

/** Where a frame is scrolled to, so that all of something is in sight: no further than it must be. */
function within(scrolled: number, start: number, length: number, room: number): number {
  return Math.max(start + length - room, Math.min(scrolled, start));
}

/** A tree from left to right. What is of the chosen one's family stands out. */
export function Drawing({ slug, graph, chosen, onChoose }: Shown) {
  const made = useMemo(() => placed(graph), [graph]);
  const at = useMemo(() => new Map(made.nodes.map((one) => [one.node.id, one])), [made]);
  const family = useMemo(() => (chosen ? familyOf(chosen, graph.edges) : new Set<string>()), [chosen, graph.edges]);
  const frame = useRef<HTMLElement>(null);
  const [scale, setScale] = useState(1);
  const zoom = (to: number) => setScale(Math.min(ZOOM.most, Math.max(ZOOM.least, to)));
  const fit = (least: number = ZOOM.least) => {
    const room = (frame.current?.clientWidth ?? made.width) - PADDING_PX;
    zoom(Math.min(1, Math.max(least, room / made.width)));
  };
  // All of it is seen at once where that leaves it readable. Where not, it begins with what is chosen.
  useLayoutEffect(() => {
    fit(ZOOM.readable);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once: afterwards it is as somebody set it
  }, []);
  const bringIn = (isAsked = true) => {
    const [box, one] = [frame.current, chosen === null ? undefined : at.get(chosen)];
    if (!box || !one) return true;
    const left = within(box.scrollLeft, one.x * scale, NODE_PX.width * scale, box.clientWidth - PADDING_PX);
    const top = within(box.scrollTop, one.y * scale, NODE_PX.height * scale, box.clientHeight - PADDING_PX);
    const wasIn = left === box.scrollLeft && top === box.scrollTop;
    if (isAsked) [box.scrollLeft, box.scrollTop] = [left, top];
    return wasIn;
  };
  // Whoever went elsewhere to look closer is not taken back to what is chosen.
  const isElsewhere = useRef(false);
  const byHand = (act: () => void) => {
    isElsewhere.current = !bringIn(false);
    act();
  };
  useLayoutEffect(() => {
    if (!isElsewhere.current) bringIn();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- only where the size changed
  }, [scale]);
  useLayoutEffect(() => {
    bringIn();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- only where another is chosen
  }, [chosen, at]);
  const { width, height } = NODE_PX;
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <span role="group" aria-label="Zoom" className="flex items-center gap-1">
        <IconButton size="s" label="Smaller" icon={<Minus size={14} aria-hidden />} disabled={scale <= ZOOM.least} onClick={() => byHand(() => zoom(scale / ZOOM.step))} />
        <span className="numeric w-12 text-center text-12 text-muted">{percent(scale, 0)}</span>
        <IconButton size="s" label="Larger" icon={<Plus size={14} aria-hidden />} disabled={scale >= ZOOM.most} onClick={() => byHand(() => zoom(scale * ZOOM.step))} />
        <Button size="s" variant="ghost" icon={<Maximize2 size={12} aria-hidden />} onClick={() => byHand(() => fit())}>
          Fit
        </Button>
      </span>
      <section ref={frame} aria-label="Drawing of the lineage" className="max-h-[70dvh] min-w-0 overflow-auto rounded-l border border-line bg-panel p-4">
        <div style={{ width: made.width * scale, height: made.height * scale }}>
          <div className="relative origin-top-left" style={{ width: made.width, height: made.height, transform: `scale(${scale})` }}>
            <svg aria-hidden width={made.width} height={made.height} className="absolute inset-0">
              {graph.edges.map((edge) => {
                const [from, to] = [at.get(edge.parent), at.get(edge.child)];
                if (!from || !to) return null;
                const [x1, y1, x2, y2] = [from.x + width, from.y + height / 2, to.x, to.y + height / 2];
                const middle = (x1 + x2) / 2;
                const isKin = family.has(edge.parent) && family.has(edge.child);
                return <path key={`${edge.parent} ${edge.child}`} d={`M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`} fill="none" stroke={isKin ? "var(--accent)" : "var(--line-strong)"} strokeWidth={isKin ? 2 : 1.5} strokeDasharray={isSolid(edge.kind) ? undefined : DASH} />;
              })}
            </svg>
            {made.nodes.map(({ node, x, y }) => (
              <button
                key={node.id}
                type="button"
                aria-pressed={node.id === chosen}
                onClick={() => onChoose(node.id)}
                className={classes("absolute flex flex-col justify-center gap-0.5 overflow-hidden rounded-m border px-3 text-left text-12 hover:bg-sunken", node.id === chosen ? "border-accent bg-accent-soft!" : family.has(node.id) ? "border-accent bg-panel" : "border-line-strong/60 bg-panel")}
                style={{ left: x, top: y, width, height }}
              >
                <span className="flex items-center gap-1.5">
                  <span className="truncate text-13 font-medium">{nameOfNode(node, slug)}</span>
                  <Labels of={node.labels} />
                </span>
                <span className="truncate">{[node.score === null ? null : percent(node.score, 0), node.simulated ? "simulated" : null, node.made_by].filter(Boolean).join(" · ")}</span>
                {node.score === null ? null : (
                  <span aria-hidden data-drawn className="absolute inset-x-0 bottom-0 h-1 bg-line">
                    <span className={classes("block h-full", node.kind === "candidate" ? "bg-series-2" : "bg-series-4")} style={{ width: `${Math.max(0, Math.min(1, node.score)) * 100}%` }} />
                  </span>
                )}
              </button>
            ))}
          </div>
        </div>
      </section>
      <Legend kinds={new Set(graph.edges.map((one) => one.kind))} hasChains={graph.nodes.some((one) => one.kind === "chain")} />
    </div>
  );
}

/** Where there are several, the one that most ask for, and how many more. */
function Labels({ of: labels }: { of: readonly string[] }) {
  const first = labels.includes("production") ? "production" : labels[0];
  if (first === undefined) return null;
  return (
    <span title={labels.join(", ")} className="inline-flex min-w-0 items-center gap-1">
      <Badge tone={first === "production" ? "ok" : "neutral"}>{first}</Badge>
      {labels.length > 1 ? <span className="text-muted">+{labels.length - 1}</span> : null}
    </span>
  );
}

const isSolid = (kind: Edge["kind"]) => kind === "derived_from" || kind === "mutated_from";
const DASHED: readonly (readonly [kinds: readonly Edge["kind"][], words: string])[] = [
  [["branch_of"], "a branch"],
  [["cloned_from"], "a clone"],
  [["crossover_of", "cherry_picked_from"], "parts taken over"],
  [["compressed_from"], "a shorter text"],
  [["runs"], "a chain that runs the version"],
];

/** What the lines and bars that are drawn mean; of dashed ones those alone that are there. */
function Legend({ kinds, hasChains }: { kinds: ReadonlySet<Edge["kind"]>; hasChains: boolean }) {
  const dashed = DASHED.filter(([all]) => all.some((one) => kinds.has(one))).map(([, words]) => words);
  return (
    <div className="flex flex-col gap-1 text-12 text-muted">
      <ul aria-label="What the lines mean" className="flex flex-wrap gap-x-4 gap-y-1">
        {[...kinds].some(isSolid) ? <Line>changed from, or found by a search from</Line> : null}
        {dashed.length > 0 ? <Line dashed>{dashed.join(", ")}</Line> : null}
      </ul>
      <p>
        The bar is how much is right: of a version in its newest test run by its own model, of a candidate on the items of its search{hasChains ? ", of a chain in its newest test run, all of it" : ""}. The one is no measure for the other.
      </p>
    </div>
  );
}

function Line({ dashed = false, children }: { dashed?: boolean; children: ReactNode }) {
  return (
    <li className="inline-flex items-center gap-1.5">
      <svg aria-hidden width={28} height={8} className="shrink-0">
        <path d="M0,4 H28" stroke="var(--line-strong)" strokeWidth={1.5} strokeDasharray={dashed ? DASH : undefined} />
      </svg>
      <span>
        <span className="sr-only">{dashed ? "Dashed: " : "Whole: "}</span>
        {children}
      </span>
    </li>
  );
}
