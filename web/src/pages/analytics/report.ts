import type { Answer } from "@/api/hooks";
import { day, moment, utc } from "@/lib/format";

export const KINDS = ["workspace", "prompt", "version", "model", "api_key", "end_user", "experiment"] as const;
export type Kind = (typeof KINDS)[number];
export const KIND_WORDS: Record<Kind, string> = { workspace: "Workspace", prompt: "Prompt", version: "Version", model: "Model", api_key: "API key", end_user: "End user", experiment: "Experiment that ended" };

/** A report may be of a kind that this page does not know: one of a release to come. */
export const kindWords = (kind: string): string => (kind in KIND_WORDS ? KIND_WORDS[kind as Kind] : kind.replaceAll("_", " "));

export type Schedule = Answer<"/v1/reports/schedules">["data"][number];
export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

const capital = (word: string) => word[0]?.toUpperCase() + word.slice(1);

/** "Every Monday at 08:00, Europe/Berlin" */
export function scheduleInWords({ every, weekday, hour, time_zone }: Pick<Schedule, "every" | "weekday" | "hour" | "time_zone">): string {
  return `Every ${every === "daily" ? "day" : capital(weekday)} at ${String(hour).padStart(2, "0")}:00, ${time_zone}`;
}

/** The days from one moment up to another that is not part of them: days in UTC, else those of the browser where it begins and ends with one. */
export function daysOf(from: string, to: string): string {
  const last = new Date(Date.parse(to) - 1);
  const inUtc = [from, to].every((at) => Date.parse(at) % DAY_MS === 0);
  if (inUtc) return joined(utc(from), utc(Math.floor(last.getTime() / DAY_MS) * DAY_MS));
  const here = [from, to].every((at) => new Date(at).setHours(0, 0, 0, 0) === Date.parse(at));
  return here ? joined(day(from), day(last)) : joined(moment(from), moment(to));
}

const DAY_MS = 86_400_000;

function joined(first: string, last: string): string {
  return first === last ? first : `${first} – ${last}`;
}
