/** How numbers, money and time are written everywhere: one way for each. A missing value is a dash. Spaces are no-break spaces. */

import { sayErrorsBy } from "@/api/errors";

export const NONE = "–";
const NBSP = "\u00a0";
const MINUS = "\u2212";

export type Maybe = number | null | undefined;

function given(value: Maybe): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** Credits of the API as dollars in a field: "" where there are none. */
export function usdOfCredits(credits: number | string | null | undefined): string {
  return credits === null || credits === undefined ? "" : String(Number(((Number(credits) * NUSD_PER_CREDIT) / 1e9).toPrecision(9)));
}

/** Dollars that somebody wrote as the API's credits. */
export function creditsOfUsd(usd: string): number {
  return Number(((Number(usd) * 1e9) / NUSD_PER_CREDIT).toPrecision(12));
}

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

function signed(text: string): string {
  return text.replace("-", MINUS);
}

/** 12,311 */
export function count(value: Maybe): string {
  return given(value) ? signed(whole.format(value)) : NONE;
}

/** 950 · 12.3k · 4.1M: where there is little room, such as an axis. */
export function compact(value: Maybe): string {
  if (!given(value)) return NONE;
  const size = Math.abs(value);
  if (size < 1_000) return signed(trim(value.toPrecision(3)));
  const [unit, by] = size < 999_950 ? (["k", 1e3] as const) : size < 999_950_000 ? (["M", 1e6] as const) : size < 999_950_000_000 ? (["B", 1e9] as const) : (["T", 1e12] as const);
  return signed(trim((value / by).toFixed(size / by < 99.95 ? 1 : 0))) + unit;
}

function trim(text: string): string {
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

/** A number of three significant digits: 0.912, 4.13. */
export function decimal(value: Maybe, digits = 3): string {
  return given(value) ? signed(value.toLocaleString("en-US", { maximumFractionDigits: digits, minimumFractionDigits: 0 })) : NONE;
}

const NUSD_IN_USD = 1e9;
const FINEST_NUSD = 1_000;

/** Nano-dollars as dollars: $1,204.50, $0.0041, $0.000018, <$0.000001. Two decimals from a dollar, two significant digits below. */
export function money(nusd: Maybe): string {
  if (!given(nusd)) return NONE;
  // Cut at the last place that is shown, as the API's sentences are: a row and the sentence about it say the same.
  const size = Math.abs(nusd) < FINEST_NUSD ? Math.abs(nusd) / NUSD_IN_USD : Math.floor(Math.abs(nusd) / FINEST_NUSD) / (NUSD_IN_USD / FINEST_NUSD);
  const sign = nusd < 0 ? MINUS : "";
  if (size === 0) return "$0.00";
  if (size < 0.000_001) return `${sign}<$0.000001`;
  if (size >= 0.995) return sign + "$" + size.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const decimals = Math.max(2, 1 - Math.floor(Math.log10(size)));
  const text = size.toFixed(Math.min(decimals, 6));
  return `${sign}$${text.replace(/(\.\d\d\d*?)0+$/, "$1")}`;
}

export const NUSD_PER_CREDIT = 10_000_000;

const CREDITS = /-?\d+(?:\.\d+)? credits\b/g;
/** Amounts of a sentence that has said "credits" already: "may cost up to 2.0000 credits and 1.5000 are available". */
const BARE = /(?<![\d.$])-?\d+\.\d{4}(?!\d|\.\d)/g;

const inDollars = (credits: string) => money(Math.round(Number.parseFloat(credits) * NUSD_PER_CREDIT));

/** A sentence of the API with its figures written as here: "65.7%" becomes "65.7 %", and "12.5000 credits" "$0.13". */
export function spaced(sentence: string): string {
  const apart = sentence.replaceAll(/(?<=\d)%/g, `${NBSP}%`);
  return apart.search(CREDITS) < 0 ? apart : apart.replaceAll(CREDITS, inDollars).replaceAll(BARE, inDollars);
}

// Errors say amounts and shares as the page around them does.
sayErrorsBy(spaced);

/** A share from 0 to 1 as 95.8 %. Of almost all, some are missing: >99.9 %, and not 100. */
export function percent(share: Maybe, digits = 1): string {
  if (!given(share)) return NONE;
  const isAlmost = share < 1 - HARDLY && Number((share * 100).toFixed(digits)) === 100;
  return `${isAlmost ? `>${(100 - 10 ** -digits).toFixed(digits)}` : signed((share * 100).toFixed(digits))}${NBSP}%`;
}

/** So little is none: what adding floats leaves. */
const HARDLY = 1e-9;

/** 93.1–97.4 %: the interval of a share. */
export function percentRange(low: Maybe, high: Maybe, digits = 1): string {
  if (!given(low) || !given(high)) return NONE;
  return `${signed((low * 100).toFixed(digits))}–${signed((high * 100).toFixed(digits))}${NBSP}%`;
}

/** A difference of two shares in percentage points: +1.2 pts, −0.4 pts, ±0.0 pts. */
export function points(difference: Maybe, digits = 1): string {
  if (!given(difference)) return NONE;
  const text = (Math.abs(difference) * 100).toFixed(digits);
  const sign = Number(text) === 0 ? "±" : difference < 0 ? MINUS : "+";
  return `${sign}${text}${NBSP}pts`;
}

/** The interval of a difference of two shares: −15.0 to −3.1 pts. */
export function pointsRange(low: Maybe, high: Maybe, digits = 1): string {
  if (!given(low) || !given(high)) return NONE;
  return `${points(low, digits).replace(/\s?pts$/u, "")} to ${points(high, digits)}`;
}

/** From tenfold on a percentage says nothing to anybody; from a thousandfold on there was nearly nothing before, and how many fold it is hangs on a rounding. */
const MANIFOLD = 10;
const BEYOND_TELLING = 1_000;

/** A relative change as a share of what was there before: +6 %, −12 %, ×67, and no more than >×1,000. The API's sentences say the same (relative_change.py). */
export function relative(share: Maybe, digits = 0): string {
  if (!given(share)) return NONE;
  const times = 1 + share;
  if (times >= BEYOND_TELLING) return `>×${count(BEYOND_TELLING)}`;
  if (times >= MANIFOLD) return `×${count(times)}`;
  if (times <= -BEYOND_TELLING) return `<${MINUS}${count(100 * BEYOND_TELLING)}${NBSP}%`;
  const text = (Math.abs(share) * 100).toFixed(digits);
  return `${Number(text) === 0 ? "±" : share < 0 ? MINUS : "+"}${text}${NBSP}%`;
}

/** A relative change. Null where there was nothing before. */
export function change(now: Maybe, before: Maybe): string | null {
  return !given(now) || !given(before) || before === 0 ? null : relative((now - before) / before);
}

/** Milliseconds: 0.4 ms, 493 ms, 1.31 s, 2 min 5 s, 3 h 10 min. */
export function duration(ms: Maybe): string {
  if (!given(ms)) return NONE;
  const size = Math.abs(ms);
  const sign = ms < 0 ? MINUS : "";
  if (size < 9.95) return `${sign}${trim(size.toFixed(1))}${NBSP}ms`;
  if (size < 999.5) return `${sign}${size.toFixed(0)}${NBSP}ms`;
  if (size < 59_950) return `${sign}${(size / 1000).toFixed(size < 9_995 ? 2 : 1)}${NBSP}s`;
  const seconds = Math.round(size / 1000);
  if (seconds < 3_600) return sign + joined(Math.floor(seconds / 60), "min", seconds % 60, "s");
  if (seconds < 86_400) return sign + joined(Math.floor(seconds / 3_600), "h", Math.floor((seconds % 3_600) / 60), "min");
  return sign + joined(Math.floor(seconds / 86_400), "d", Math.floor((seconds % 86_400) / 3_600), "h");
}

function joined(a: number, unitA: string, b: number, unitB: string): string {
  return `${a}${NBSP}${unitA}` + (b ? ` ${b}${NBSP}${unitB}` : "");
}

/** 640 B, 12.4 kB, 3.1 MB, 12.0 GB */
export function bytes(size: Maybe): string {
  if (!given(size)) return NONE;
  if (size < 1_000) return `${size.toFixed(0)}${NBSP}B`;
  const [unit, by] = size < 999_950 ? (["kB", 1e3] as const) : size < 999_950_000 ? (["MB", 1e6] as const) : size < 999_950_000_000 ? (["GB", 1e9] as const) : (["TB", 1e12] as const);
  return `${(size / by).toFixed(1)}${NBSP}${unit}`;
}

/** One of something, many of something: plural(1, "version") is "1 version". */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

export type Moment = string | number | Date | null | undefined;

const CALENDAR_DAY = /^(\d{4})-(\d\d)-(\d\d)$/;

function asDate(at: Moment): Date | null {
  if (at === null || at === undefined || at === "") return null;
  // A day of the calendar is that day everywhere; read as a moment it would be midnight in UTC, and the day before in America.
  const [, year, month, date] = (typeof at === "string" && CALENDAR_DAY.exec(at)) || [];
  if (year) return new Date(Number(year), Number(month) - 1, Number(date));
  const found = at instanceof Date ? at : new Date(at);
  return Number.isNaN(found.getTime()) ? null : found;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** 20 Nov 2026, 14:03:09 in the time of the browser: the one way to write a moment. */
export function moment(at: Moment, { seconds = false } = {}): string {
  const date = asDate(at);
  if (!date) return NONE;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}${seconds ? `:${two(date.getSeconds())}` : ""}`;
  return `${day(date)}, ${clock}`;
}

/** The zone that the browser tells times in, as it is at that moment: GMT+5:45, or UTC. */
export function zone(at: Moment = new Date()): string {
  const minutes = -(asDate(at) ?? new Date()).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  return `GMT${minutes < 0 ? MINUS : "+"}${Math.floor(size / 60)}${size % 60 ? `:${two(size % 60)}` : ""}`;
}

/** 20 Nov 2026 */
export function day(at: Moment): string {
  const date = asDate(at);
  return date ? `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}` : NONE;
}

/** The same in UTC: "20 Nov 2026", and "20 Nov 2026, 14:03 UTC" where it is not midnight. For what is counted by days, which are days in UTC. */
export function utc(at: Moment): string {
  const date = asDate(typeof at === "string" ? Date.parse(at) : at);
  if (!date) return NONE;
  const words = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return date.getUTCHours() + date.getUTCMinutes() === 0 ? words : `${words}, ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${NBSP}UTC`;
}

/** just now · 3 min ago · 5 h ago · 2 days ago · 20 Nov · 20 Nov 2025, and "in …" for what is to come. */
export function ago(at: Moment, now: Date = new Date()): string {
  const date = asDate(at);
  if (!date) return NONE;
  const seconds = (now.getTime() - date.getTime()) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return seconds >= 0 ? "just now" : "in a moment";
  const said =
    size < 3_570 ? `${Math.max(1, Math.round(size / 60))}${NBSP}min` : size < 84_600 ? `${Math.round(size / 3_600)}${NBSP}h` : size < 6.5 * 86_400 ? plural(Math.round(size / 86_400), "day").replace(" ", NBSP) : null;
  if (said) return seconds >= 0 ? `${said} ago` : `in ${said}`;
  const short = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return date.getFullYear() === now.getFullYear() ? short : `${short} ${date.getFullYear()}`;
}

/** The letter that stands for a name, in a circle or a square; a whole one, also where it is an emoji. */
export function initial(name: string): string {
  return ([...name.trim()][0] ?? "–").toUpperCase();
}

/** The first characters of an id, as it is shown where the whole would be noise. */
export function shortId(id: string): string {
  return id.length > 13 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id;
}

/** Who it was, where a sentence goes on with it: "by you". */
export function amid(name: string): string {
  return name === "You" ? "you" : name;
}
