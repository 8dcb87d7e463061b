/** What of d3-scale a chart needs. That brings colours, dates in words and formats along, more than twice the weight of all charts. */
import { ticks } from "d3-array";
import { timeTicks, utcTicks } from "d3-time";

type Ends = readonly [number, number];

/** A value's place, and the value of a place. */
export type Straight = ((value: number) => number) & { valueAt: (place: number) => number };

/** A straight line from values to places: `values[0]` is at `places[0]`. Values without a width stand in the middle. `clamped`: what lies beyond stands at the end. */
export function straight(values: Ends, places: Ends, { clamped = false } = {}): Straight {
  const within = clamped ? (value: number) => Math.max(Math.min(...values), Math.min(Math.max(...values), value)) : (value: number) => value;
  const at = (value: number) => between(places, part(values, within(value)));
  return Object.assign(at, { valueAt: (place: number) => within(between(values, part(places, place))) });
}

function part([from, to]: Ends, at: number): number {
  return from === to ? 0.5 : (at - from) / (to - from);
}

function between([from, to]: Ends, share: number): number {
  return from * (1 - share) + to * share;
}

/** Round values between the ends, `most` or somewhat more or fewer. */
export function ticksBetween([from, to]: Ends, most: number): number[] {
  return ticks(from, to, most);
}

/** Whole hours, days, months or years between two moments in milliseconds, by the clock of the browser or in UTC. */
export function momentsBetween([from, to]: Ends, most: number, { isUtc }: { isUtc: boolean }): Date[] {
  return (isUtc ? utcTicks : timeTicks)(new Date(from), new Date(to), most);
}
