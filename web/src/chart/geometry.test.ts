import { describe, expect, it } from "vitest";
import { day, utc } from "@/lib/format";
import { bandStretches, countTicks, nearest, paretoFront, positions, sayable, stretches, ticksWithin, timeTicks, valueRange, valueTicks, words, wordsBeside, xRange } from "./geometry";
import { niceRange } from "./range";

const series = (...values: (number | null)[]) => ({ name: "p50", points: values.map((value, x) => ({ x, value })) });

describe("ranges", () => {
  it("begin at zero, hold the bands, and are never of no height", () => {
    expect(valueRange([series(3, null, 9)])).toEqual([0, 9]);
    expect(valueRange([series(3, 9)], { zero: false })).toEqual([3, 9]);
    expect(valueRange([{ name: "a", points: [{ x: 0, value: 5, low: -2, high: 11 }] }])).toEqual([-2, 11]);
    expect(valueRange([series()])).toEqual([0, 1]);
    expect(valueRange([series(5, 5)], { zero: false })).toEqual([4.5, 5.5]);
    expect(valueRange([series(Number.NaN, Number.POSITIVE_INFINITY, 4)])).toEqual([0, 4]);
    expect(niceRange([0, 0.93])).toEqual([0, 1]);
    expect(valueTicks([0, 2_700])).toEqual([0, 1000, 2000, 3000]);
    expect([[0, 1], [0, 2], [0, 3], [0, 7], [0, 2_700]].map((range) => countTicks(range as [number, number]))).toEqual([[0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 2, 4, 6, 8], [0, 1000, 2000, 3000]]); // prettier-ignore
    expect(xRange([series(1)])).toEqual([-0.5, 0.5]);
  });
});

describe("ticks", () => {
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  const ticksOf = (range: [number, number]) => {
    const most = sayable(range, percent);
    return valueTicks(niceRange(range, most), most);
  };

  it("stand where their words say", () => {
    for (const range of [[0.375, 0.4], [0.38, 0.394], [0, 0.03], [0.2, 0.6], [0.41, 0.47], [0, 1]] as [number, number][]) {
      const ticks = ticksOf(range);
      expect(ticks.length).toBeGreaterThan(1);
      for (const tick of ticks) expect(percent(tick)).toBe(`${Number((tick * 100).toPrecision(9))} %`);
    }
    expect(ticksOf([0.2, 0.6])).toEqual([0.2, 0.3, 0.4, 0.5, 0.6]);
  });

  it("lie within the range that was rounded for them", () => {
    const shares = Array.from({ length: 201 }, (_, n) => n / 200);
    for (const low of shares)
      for (const high of shares.filter((one) => one > low)) {
        const most = sayable([low, high], percent);
        const range = niceRange([low, high], most);
        const ticks = valueTicks(range, most);
        expect([ticks[0], ticks.at(-1)]).toEqual(range);
      }
    expect(niceRange([0.595, 0.7])).toEqual([0.55, 0.7]);
    expect(niceRange([Number.NaN, 1])).toHaveLength(2);
  });

  it("are enough to tell the scale by where the ends are given, and none lies beyond them", () => {
    for (const range of [[-0.015, 0.005], [0, 1], [-0.023, 0.031], [-0.4, 0.07]] as [number, number][]) {
      const ticks = ticksWithin(range, sayable(range, percent, 4, ticksWithin));
      expect(ticks.length).toBeGreaterThan(1);
      for (const tick of ticks) {
        expect(tick >= range[0] && tick <= range[1]).toBe(true);
        expect(percent(tick)).toBe(`${Number((tick * 100).toPrecision(9))} %`);
      }
    }
    expect(ticksWithin([0, 1])).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  });

  it("are as many as ever where values differ by less than there are words for", () => {
    expect(sayable([0.3801, 0.3802], percent)).toBe(4);
    expect(sayable([0, 2_700], String)).toBe(4);
  });
});

describe("the words of a reference", () => {
  const frame = { left: 40, right: 340, top: 14, bottom: 180 };
  const beside = (lines: [number, number][][], marks: number[] = [], at = 100) => wordsBeside(at, 80, frame, lines, marks);

  it("stand at the right above it where nothing is drawn there", () => {
    expect(beside([])).toEqual({ x: 340, y: 95, anchor: "end" });
    expect(beside([[[40, 150], [340, 150]]])).toEqual({ x: 340, y: 95, anchor: "end" });
    expect(beside([[[40, 96], [200, 96]]], [60])).toEqual({ x: 340, y: 95, anchor: "end" });
  });

  it("stand below it, or at the left, where a line or a mark would run through them", () => {
    expect(beside([[[40, 90], [340, 92]]])).toMatchObject({ y: 113, anchor: "end" });
    expect(beside([[[200, 20], [340, 105]]]), "a steep one, with both ends elsewhere").toMatchObject({ anchor: "start" });
    expect(beside([[[300, 92]]]), "one point").toMatchObject({ y: 113, anchor: "end" });
    expect(beside([], [330])).toMatchObject({ y: 95, anchor: "start" });
    expect(beside([[[40, 90], [340, 92]]], [330])).toMatchObject({ y: 113, anchor: "start" });
  });

  it("stay within the drawing, and above it at the right where nowhere is free", () => {
    expect(beside([[[40, 168], [340, 168]]], [], 175), "no room below").toMatchObject({ y: 170, anchor: "end" });
    expect(beside([[[40, 92], [340, 92]], [[40, 108], [340, 108]]])).toEqual({ x: 340, y: 95, anchor: "end" });
  });
});

describe("lines", () => {
  it("are not drawn over what is not known", () => {
    expect(stretches(series(1, 2, null, 4, null, null, 7, 8).points).map((part) => part.map((point) => point.value))).toEqual([[1, 2], [4], [7, 8]]);
    expect(stretches(series(null, Number.NaN).points)).toEqual([]);
  });

  it("have no band either where nothing is known, or where a value has none", () => {
    const banded = series(1, 2, null, 4, 5, 6).points.map((point) => ({ ...point, low: point.x === 4 ? null : 0, high: point.value === null ? null : 9 }));
    expect(bandStretches(banded).map((part) => part.map((point) => point.value))).toEqual([[1, 2], [4], [6]]);
  });
});

describe("the cursor", () => {
  it("stands where any series has a point, at the nearest", () => {
    const xs = positions([series(1, 2, 3), { name: "b", points: [{ x: 10, value: 1 }, { x: 1, value: 1 }] }]);
    expect(xs).toEqual([0, 1, 2, 10]);
    expect([-5, 0.4, 0.6, 7, 99].map((x) => nearest(xs, x))).toEqual([0, 0, 1, 3, 3]);
  });

  it("says every series, its band, and what is missing", () => {
    const p95 = { name: "p95", points: [{ x: 1, value: 9, low: 8, high: 11 }] };
    expect(words([series(4, 5), p95], 1, (x) => `at ${x}`, (value) => `${value} ms`)).toBe("at 1: p50 5 ms, p95 9 ms (8 ms to 11 ms)");
    expect(words([series(4, 5), p95], 0, String, String)).toBe("0: p50 4, p95 none");
  });
});

describe("time ticks", () => {
  const at = (day: number, hour = 0, minute = 0) => new Date(2026, 10, day, hour, minute).getTime();
  it("stand on whole hours, and midnight says the day", () => {
    expect(timeTicks([at(19, 14, 20), at(20, 14, 20)], 8).map((tick) => tick.label)).toEqual(["15:00", "18:00", "21:00", "20 Nov", "03:00", "06:00", "09:00", "12:00"]);
  });
  it("stand on whole days", () => {
    const years = [Date.UTC(2025, 10, 1), Date.UTC(2027, 1, 1)] as const;
    expect(timeTicks(years, 4, "utc").map((tick) => tick.label)).toEqual(["2026", "1 Apr", "1 Jul", "1 Oct", "2027"]);
    expect(timeTicks([at(13), at(20)], 8).map((tick) => tick.label)).toEqual(["13 Nov", "14 Nov", "15 Nov", "16 Nov", "17 Nov", "18 Nov", "19 Nov", "20 Nov"]);
  });
});

describe("days that are days in UTC", () => {
  // Half a day off either way, whatever clock the tests run by.
  it.each(["America/Los_Angeles", "Pacific/Auckland", "UTC"])("have their own names in %s", (zone) => {
    const before = process.env.TZ;
    process.env.TZ = zone;
    try {
      const [from, to] = [Date.parse("2026-11-13T00:00:00Z"), Date.parse("2026-11-16T00:00:00Z")];
      expect(timeTicks([from, to], 4, "utc")).toEqual(["13 Nov", "14 Nov", "15 Nov", "16 Nov"].map((label, at) => ({ at: from + at * 86_400_000, label })));
      expect([day("2026-11-20"), utc(Date.parse("2026-11-20T00:00:00Z")), utc("2026-11-20"), utc("2026-11-20T14:03:09Z")]).toEqual(["20 Nov 2026", "20 Nov 2026", "20 Nov 2026", "20 Nov 2026, 14:03\u00a0UTC"]);
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });
});

describe("the Pareto front", () => {
  it("is what nothing else beats", () => {
    const dots = [
      { key: "cheap", x: 1, y: 0.5 },
      { key: "worse and dearer", x: 2, y: 0.4 },
      { key: "good", x: 3, y: 0.9 },
      { key: "as good and dearer", x: 4, y: 0.9 },
      { key: "same price, worse", x: 3, y: 0.8 },
    ];
    expect(paretoFront(dots)).toEqual(["cheap", "good"]);
    expect(paretoFront(dots, { x: "more", y: "less" })).toEqual(["as good and dearer", "same price, worse", "worse and dearer"]);
  });
});
