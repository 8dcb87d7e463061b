/** Which time and which traffic the pages of analytics show. One shape for all of them: a filter goes along from page to page. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "./time";
import { flag, oneOf, text } from "@/lib/url-state";

export const RANGES = {
  "1h": { label: "Last hour", ms: HOUR_MS, grain: "minute", stepMs: MINUTE_MS },
  "24h": { label: "Last 24 hours", ms: DAY_MS, grain: "hour", stepMs: HOUR_MS },
  "7d": { label: "Last 7 days", ms: 7 * DAY_MS, grain: "hour", stepMs: HOUR_MS },
  "30d": { label: "Last 30 days", ms: 30 * DAY_MS, grain: "day", stepMs: DAY_MS },
  "90d": { label: "Last 90 days", ms: 90 * DAY_MS, grain: "day", stepMs: DAY_MS },
} as const;
export type RangeName = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as RangeName[];

export const GROUPS = ["none", "prompt", "version", "label", "model", "app", "api_key", "provider", "provider_key", "arm"] as const;
export type Group = (typeof GROUPS)[number];
export type Dimension = Exclude<Group, "none">;

/** Not kept together with a model. */
export function isApart(group: Group): boolean {
  return group === "app" || group === "api_key" || isHourly(group);
}

/** Not kept by the minute. */
export function isHourly(group: Group): boolean {
  return group === "provider" || group === "provider_key" || group === "arm";
}

export const shape = { range: oneOf(RANGE_NAMES, "24h"), group: oneOf(GROUPS, "none"), compare: flag(), prompt: text(), model: text(), traffic: oneOf(["live", "batch", "all"], "live") };

/** What the address says, as far as it can be shown: of what is not kept by the minute the last hour becomes a day. */
export function shownOf<S extends { range: RangeName; group: Group }>(said: S): S {
  return isHourly(said.group) && RANGES[said.range].grain === "minute" ? { ...said, range: "24h" } : said;
}

/** What is counted where a figure says "runs": other pages count other traffic. */
export const TRAFFIC_WORDS = { live: "Live runs", batch: "Runs in tests", all: "All runs" } as const;

export type Window = { from: string; to?: string; grain: "minute" | "hour" | "day"; fromMs: number; toMs: number };

/** The time asked for, by whole steps so that the key of an answer stays the same for a while, and the one of the same length before it.
 * `whole`: without the step that is not over yet. What is compared must be: an hour of ten minutes beside a whole one looks like a decline. */
export function windowsOf(range: RangeName, now: number, { whole = false } = {}): { now: Window; before: Window } {
  const { ms, grain, stepMs } = RANGES[range];
  const toMs = Math.floor(now / stepMs) * stepMs + (whole ? 0 : stepMs);
  const fromMs = toMs - ms;
  return {
    now: { from: iso(fromMs), ...(whole ? { to: iso(toMs) } : {}), grain, fromMs, toMs },
    before: { from: iso(fromMs - ms), to: iso(fromMs), grain, fromMs: fromMs - ms, toMs: fromMs },
  };
}

/** As many as the table of groups has, and as a time series tells. */
const GROUPS_MOST = 200;
/** Of a time series at most; more are refused. */
const POINTS_MOST = 10_000;

/** How many groups a file of this time tells apart: those of the table, or as many of the busiest as fit beside all others together. By the
 * time the file is asked for there may be one step more. */
export function groupsInFile({ fromMs, toMs }: Window, stepMs: number): number {
  return Math.min(GROUPS_MOST, Math.floor(POINTS_MOST / (Math.ceil((toMs - fromMs) / stepMs) + 1)) - 1);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
