/** Where something that lies over the page stands beside what opened it. All in CSS pixels of the window. */

export type Side = "top" | "right" | "bottom" | "left";
export type Align = "start" | "center" | "end";

type Box = { left: number; top: number; width: number; height: number };
type Size = { width: number; height: number };

/** Kept free between it and the edge of the window. */
const EDGE = 8;

const OPPOSITE: Record<Side, Side> = { top: "bottom", bottom: "top", left: "right", right: "left" };

/** Room on a side of `anchor`, less the gap. */
function roomOn(side: Side, anchor: Box, view: Size, gap: number): number {
  switch (side) {
    case "top":
      return anchor.top - gap - EDGE;
    case "bottom":
      return view.height - (anchor.top + anchor.height) - gap - EDGE;
    case "left":
      return anchor.left - gap - EDGE;
    case "right":
      return view.width - (anchor.left + anchor.width) - gap - EDGE;
  }
}

const within = (at: number, size: number, all: number) => Math.max(EDGE, Math.min(at, all - size - EDGE));

function along(align: Align, from: number, length: number, size: number): number {
  return align === "start" ? from : align === "end" ? from + length - size : from + (length - size) / 2;
}

/** On `side`, on the other where only there is room, and never beyond the window's edge. `room`: how high (or wide) it may be at most. */
export function place(anchor: Box, own: Size, view: Size, { side, align, gap }: { side: Side; align: Align; gap: number }): { left: number; top: number; side: Side; room: number } {
  const isUpright = side === "top" || side === "bottom";
  const wanted = isUpright ? own.height : own.width;
  const other = OPPOSITE[side];
  const [here, there] = [roomOn(side, anchor, view, gap), roomOn(other, anchor, view, gap)];
  const on = here >= wanted || here >= there ? side : other;
  const room = Math.max(0, on === side ? here : there);
  const size = Math.min(wanted, room);
  if (isUpright) {
    const top = on === "top" ? anchor.top - gap - size : anchor.top + anchor.height + gap;
    return { left: within(along(align, anchor.left, anchor.width, own.width), own.width, view.width), top, side: on, room };
  }
  const left = on === "left" ? anchor.left - gap - size : anchor.left + anchor.width + gap;
  return { left, top: within(along(align, anchor.top, anchor.height, own.height), own.height, view.height), side: on, room };
}
