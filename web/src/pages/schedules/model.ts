/** When a schedule comes, in words, and what is sent for one. Pure. */
import { askedItems } from "@/api/choices";
import type { Schema } from "@/api/client";

export type Schedule = Schema<"burnish_gateway__schedules__answers__ScheduleAnswer">;
export type WholeSchedule = Schema<"WholeScheduleAnswer">;
export type Run = Schema<"RunAnswer">;

export const NUSD_PER_CREDIT = 10_000_000;
const USD_PER_CREDIT = NUSD_PER_CREDIT / 1e9;

const two = (value: string) => value.padStart(2, "0");
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** "daily at 03:00", "hourly at :15", "Mondays at 06:00"; else the line itself. */
export function rhythm(cron: string): string {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = cron.trim().split(/\s+/u);
  const plain = /^\d+$/u.test(minute) && day === "*" && month === "*";
  if (plain && hour === "*" && weekday === "*") return `hourly at :${two(minute)}`;
  if (plain && /^\d+$/u.test(hour) && weekday === "*") return `daily at ${two(hour)}:${two(minute)}`;
  if (plain && /^\d+$/u.test(hour) && /^[0-7]$/u.test(weekday)) return `${DAYS[Number(weekday)]}s at ${two(hour)}:${two(minute)}`;
  return cron;
}

/** What a schedule asks of each run, as far as the page shows it. */
export type Asked = { dataset_id?: string; source?: string; method?: string; version?: number | null; budget?: { evaluations?: number; credits?: number | null } };
export const askedOf = (schedule: Schedule) => schedule.optimization as unknown as Asked;

export type Draft = { name: string; prompt: string; dataset: string; every: "hourly" | "daily" | "cron"; time: string; cron: string; zone: string; evaluations: string; runUsd: string; monthUsd: string };

export function emptyDraft(prompt: string, dataset: string, zone: string): Draft {
  return { name: "", prompt, dataset, every: "daily", time: "03:00", cron: "0 6 * * 1", zone, evaluations: "2000", runUsd: "1", monthUsd: "10" };
}

export function draftOf(one: Schedule): Draft {
  const asked = askedOf(one);
  const usd = (credits: number | string | null | undefined) => (credits === null || credits === undefined ? "" : String(Number((Number(credits) * USD_PER_CREDIT).toPrecision(9))));
  return { name: one.name, prompt: one.prompt, dataset: asked.source ?? asked.dataset_id ?? "", every: "cron", time: "03:00", cron: one.cron, zone: one.time_zone, evaluations: String(asked.budget?.evaluations ?? 2000), runUsd: usd(asked.budget?.credits), monthUsd: usd(one.month_credits) };
}

const credits = (usd: string) => Number((Number(usd) / USD_PER_CREDIT).toPrecision(12));

export function isComplete(draft: Draft): boolean {
  return Boolean(draft.prompt && draft.dataset && draft.zone) && Number(draft.runUsd) > 0 && Number(draft.monthUsd) > 0 && Number(draft.evaluations) >= 50 && (draft.every !== "cron" || draft.cron.trim() !== "");
}

/** As for a start of an optimization; `before`: what else was asked for, which stays. */
function optimizationOf(draft: Draft, before: Asked = {}) {
  const { dataset_id: _, source: __, ...rest } = before;
  return { ...rest, prompt: draft.prompt, ...askedItems(draft.dataset), budget: { ...before.budget, evaluations: Math.round(Number(draft.evaluations)), credits: credits(draft.runUsd) } };
}

export function bodyOf(draft: Draft) {
  const [hour, minute] = draft.time.split(":").map(Number);
  return { name: draft.name.trim(), every: draft.every, ...(draft.every === "cron" ? { cron: draft.cron.trim() } : { hour: hour ?? 3, minute: minute ?? 0 }), time_zone: draft.zone, optimization: optimizationOf(draft), month_credits: credits(draft.monthUsd), paused: false };
}

export function changeOf(draft: Draft, one: Schedule) {
  return { name: draft.name.trim(), cron: draft.cron.trim(), time_zone: draft.zone, optimization: optimizationOf(draft, askedOf(one)), month_credits: credits(draft.monthUsd) };
}
