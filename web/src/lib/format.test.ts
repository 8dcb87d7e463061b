import { describe, expect, it, vi } from "vitest";
import { ago, amid, bytes, change, compact, count, duration, initial, moment, money, percent, percentRange, plural, points, pointsRange, relative, spaced, zone } from "./format";

const plain = (text: string | null) => text?.replaceAll("\u00a0", " ");

describe("money", () => {
  it.each([
    [0, "$0.00"],
    [1_204_500_000_000, "$1,204.50"],
    [35_230_000_000, "$35.23"],
    [999_000_000, "$1.00"],
    [500_000_000, "$0.50"],
    [42_000_000, "$0.042"],
    [4_100_000, "$0.0041"],
    [18_000, "$0.000018"],
    [19_500, "$0.000019"],
    [999, "<$0.000001"],
    [-4_750_000_000, "−$4.75"],
    [null, "–"],
  ])("%s nano-dollars is %s", (nusd, text) => expect(money(nusd)).toBe(text));
});

describe("shares", () => {
  it.each([[0.9583, "95.8 %"], [0, "0.0 %"], [1, "100.0 %"], [0.99996, ">99.9 %"], [0.1 + 0.2 + 0.7, "100.0 %"], [0.9994, "99.9 %"], [null, "–"]])("%s is %s", (share, text) => expect(plain(percent(share))).toBe(text));
  it("says of no digits that not all are there, too", () => expect([0.996, 0.994, 1].map((one) => plain(percent(one, 0)))).toEqual([">99 %", "99 %", "100 %"]));
  it("have an interval", () => expect(plain(percentRange(0.5068, 0.6682))).toBe("50.7–66.8 %"));
  it.each([[0.012, "+1.2 pts"], [-0.0041, "−0.4 pts"], [0.0001, "±0.0 pts"]])("differ by %s: %s", (difference, text) => expect(plain(points(difference))).toBe(text));
  it("differ within an interval", () => {
    expect(plain(pointsRange(-0.15, -0.031))).toBe("−15.0 to −3.1 pts");
    expect(plain(pointsRange(-0.0002, 0.12))).toBe("±0.0 to +12.0 pts");
    expect(plain(pointsRange(null, 0.1))).toBe("–");
  });
  it("change relative to what was", () => {
    expect(plain(change(106, 100))).toBe("+6 %");
    expect(plain(change(88, 100))).toBe("−12 %");
    expect(change(5, 0)).toBeNull();
    expect(plain(change(670, 10))).toBe("×67");
  });
  it("a change of a tiny figure is no row of digits", () => {
    expect(plain(change(1, 1e-9))).toBe(">×1,000");
    expect(plain(relative(999_999_999))).toBe(">×1,000");
    expect(plain(relative(-2_000))).toBe("<−100,000 %");
    expect(plain(relative(0.0346, 1))).toBe("+3.5 %");
    expect(plain(relative(-0.0001, 1))).toBe("±0.0 %");
    expect(plain(relative(null))).toBe("–");
  });
});

describe("time", () => {
  it.each([[0.42, "0.4 ms"], [17.4, "17 ms"], [493, "493 ms"], [999.6, "1.00 s"], [1_310, "1.31 s"], [12_340, "12.3 s"], [125_000, "2 min 5 s"], [11_400_000, "3 h 10 min"], [null, "–"]])(
    "%s ms is %s",
    (ms, text) => expect(plain(duration(ms))).toBe(text),
  );

  const now = new Date("2026-11-20T14:00:00Z");
  it.each([
    ["2026-11-20T13:59:40Z", "just now"],
    ["2026-11-20T13:57:00Z", "3 min ago"],
    ["2026-11-20T13:00:20Z", "1 h ago"],
    ["2026-11-20T09:00:00Z", "5 h ago"],
    ["2026-11-19T14:00:00Z", "1 day ago"],
    ["2026-11-18T14:00:00Z", "2 days ago"],
    ["2026-11-20T14:20:00Z", "in 20 min"],
    ["2026-10-02T12:00:00Z", "2 Oct"],
    ["2025-10-02T12:00:00Z", "2 Oct 2025"],
    ["not a time", "–"],
  ])("%s is %s", (at, text) => expect(plain(ago(at, now))).toBe(text));

  it("is written one way", () => expect(moment(new Date(2026, 10, 20, 14, 3, 9), { seconds: true })).toBe("20 Nov 2026, 14:03:09"));
});

describe("counts", () => {
  it("are grouped, and short where there is little room", () => {
    expect(count(12_311)).toBe("12,311");
    expect([0, 950, 12_300, 999_960, 4_100_000, -1_500, 0.25, 3e12, 2e15].map(compact)).toEqual(["0", "950", "12.3k", "1M", "4.1M", "−1.5k", "0.25", "3T", "2000T"]);
    expect([plural(1, "version"), plural(2, "reply", "replies")]).toEqual(["1 version", "2 replies"]);
    expect([640, 12_400, 999_999, 3_100_000, 12_000_000_000, 4e12].map(bytes).map(plain)).toEqual(["640 B", "12.4 kB", "1.0 MB", "3.1 MB", "12.0 GB", "4.0 TB"]);
  });
});

it("writes the shares of a sentence as everywhere else", () => {
  expect(spaced("65.7% of 40; below 70%")).toBe("65.7\u00a0% of 40; below 70\u00a0%");
  expect(spaced("within 0.0019 credits before and 1234.5000 credits now; 2 credits a day")).toBe("within $0.000019 before and $12.35 now; $0.02 a day");
  expect(spaced("has 1.2500 of 100.0000 credits a month left, and this call may cost up to 2.0000. Wait.")).toBe("has $0.013 of $1.00 a month left, and this call may cost up to $0.02. Wait.");
  expect(spaced("may cost up to 2.0000 credits and -1.0000 are available")).toBe("may cost up to $0.02 and \u2212$0.01 are available");
  expect(spaced("kappa 0.4321 of 10.0000")).toBe("kappa 0.4321 of 10.0000");
});

it.each([1_000, 19_500, 19_999, 41_999, 9_949_999, 9_950_001, 41_499_999, 994_999_999, 995_000_000, 12_345_678_901])("says %s in a row as the API's sentence about it", (nusd) => {
  // The API cuts credits after four places (burnish_shared.money.credits_text).
  const sentence = `${Math.floor(nusd / 10_000_000)}.${String(Math.floor((nusd % 10_000_000) / 1_000)).padStart(4, "0")} credits`;
  expect(money(nusd)).toBe(spaced(sentence));
});

describe("initial", () => {
  it.each([
    ["ada", "A"],
    [" bo", "B"],
    ["🚀 Rockets", "🚀"],
    ["𝒜lpha", "𝒜"],
    ["", "–"],
  ])("of %s is a whole letter", (name, said) => expect(initial(name)).toBe(said));
});

it("says you in the middle of a sentence, and leaves names as they are", () => {
  expect(["You", "Grace", "Youssef"].map(amid)).toEqual(["you", "Grace", "Youssef"]);
});

it("says which zone a moment is told in, minutes and all, as it is on that day", () => {
  const offset = vi.spyOn(Date.prototype, "getTimezoneOffset");
  const said = (minutes: number) => (offset.mockReturnValue(-minutes), zone("2026-11-20T08:00:00Z"));
  expect([said(0), said(345), said(60), said(-210), said(-300)]).toEqual(["UTC", "GMT+5:45", "GMT+1", "GMT−3:30", "GMT−5"]);
  offset.mockRestore();
});
