/** When a schedule comes, in words, and what is sent for one. Pure. */
import { askedItems } from "@/api/choices";
import type { Schema } from "@/api/client";
import { creditsOfUsd, usdOfCredits } from "@/lib/format";
import { type Asked, howOf, without } from "@/pages/optimize/asked";
import { PLAIN, type Search, searchFrom, whyNot } from "@/pages/optimize/search";

export type Schedule = Schema<"burnish_gateway__schedules__answers__ScheduleAnswer">;
export type WholeSchedule = Schema<"WholeScheduleAnswer">;
export type { Asked };
export type Run = Schema<"RunAnswer">;

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

/** What a schedule asks of each run: the body of a search that is started by hand. */
export const askedOf = (schedule: Schedule) => schedule.optimization as unknown as Asked;

export type Draft = { name: string; prompt: string; dataset: string; every: "hourly" | "daily" | "cron"; time: string; cron: string; zone: string; evaluations: string; runUsd: string; monthUsd: string; minutes: string; version: string; task: string | null; reflect: string | null; search: Search };

export function emptyDraft(prompt: string, dataset: string, zone: string): Draft {
  return { name: "", prompt, dataset, every: "daily", time: "03:00", cron: "0 6 * * 1", zone, evaluations: "2000", runUsd: "1", monthUsd: "10", minutes: "", version: "", task: null, reflect: null, search: PLAIN };
}

export function draftOf(one: Schedule): Draft {
  const asked = askedOf(one);
  const seconds = asked.budget?.seconds;
  return {
    name: one.name, prompt: one.prompt, dataset: asked.source ?? asked.dataset_id ?? "", every: "cron", time: "03:00", cron: one.cron, zone: one.time_zone, evaluations: String(asked.budget?.evaluations ?? 2000), runUsd: usdOfCredits(asked.budget?.credits), monthUsd: usdOfCredits(one.month_credits),
    minutes: seconds ? String(Number((seconds / 60).toPrecision(9))) : "", version: asked.version ? String(asked.version) : "", task: asked.models?.task ?? null, reflect: asked.models?.reflect ?? null, search: searchFrom(asked),
  }; // prettier-ignore
}

export function isComplete(draft: Draft): boolean {
  return Boolean(draft.prompt && draft.dataset && draft.zone) && whyNot(draft.search) === null && Number(draft.runUsd) > 0 && Number(draft.monthUsd) > 0 && Number(draft.evaluations) >= 50 && (draft.every !== "cron" || draft.cron.trim() !== "");
}

/** As for a start of an optimization; `before`: what else was asked for, which stays where the form has no field for it. */
function optimizationOf(draft: Draft, before: Asked = {}) {
  const minutes = Number(draft.minutes);
  return {
    ...howOf(draft.search, draft, without(before, "prompt", "dataset_id", "source", "version", "budget")),
    prompt: draft.prompt,
    ...askedItems(draft.dataset),
    ...(draft.version ? { version: Number(draft.version) } : {}),
    ...(before.start && draft.search.method === "evolutionary" ? { start: before.start } : {}),
    budget: { evaluations: Math.round(Number(draft.evaluations)), credits: creditsOfUsd(draft.runUsd), ...(minutes > 0 ? { seconds: Math.round(minutes * 60) } : {}) },
  };
}

export function bodyOf(draft: Draft) {
  const [hour, minute] = draft.time.split(":").map(Number);
  return { name: draft.name.trim(), every: draft.every, ...(draft.every === "cron" ? { cron: draft.cron.trim() } : { hour: hour ?? 3, minute: minute ?? 0 }), time_zone: draft.zone, optimization: optimizationOf(draft), month_credits: creditsOfUsd(draft.monthUsd), paused: false };
}

/** `kept`: what it asked for before. */
export function changeOf(draft: Draft, kept: Asked) {
  return { name: draft.name.trim(), cron: draft.cron.trim(), time_zone: draft.zone, optimization: optimizationOf(draft, kept), month_credits: creditsOfUsd(draft.monthUsd) };
}
