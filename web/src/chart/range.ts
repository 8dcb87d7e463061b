/** Round ends of an axis. Apart from the rest of a chart, for those who reckon with them and draw nothing. */
import { tickIncrement } from "d3-array";

/** The ends rounded outwards to the step of so many ticks, as d3-scale does it; as they are where that comes to no end. */
export function roundEnds([from, to]: readonly [number, number], most: number): [number, number] {
  let [low, high, before] = [from, to, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const step = tickIncrement(low, high, most);
    if (step === before) return [low, high];
    if (step > 0) [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
    else if (step < 0) [low, high] = [Math.ceil(low * step) / step, Math.floor(high * step) / step];
    else break;
    before = step;
  }
  return [from, to];
}

const ROUNDS = 10;

/** The range rounded outwards to whole ticks, so that none of its ticks lies beyond it: rounded once, a range may be so much wider that its ticks are
 * other ones, and the least of them below the drawing. */
export function niceRange(range: readonly [number, number], most = 4): [number, number] {
  let [low, high] = range;
  for (let round = 0; round < NICE_ROUNDS; round++) {
    const [least, greatest] = roundEnds([low, high], most);
    if (low === least && high === greatest) break;
    [low, high] = [least, greatest];
  }
  return [low, high];
}

/** Of two million ranges none took more than five. */
const NICE_ROUNDS = 8;
