import type { Schema } from "@/api/client";

export const KINDS = ["workspace", "prompt", "version", "model", "api_key", "end_user"] as const;
export type Kind = (typeof KINDS)[number];
export const KIND_WORDS: Record<Kind, string> = { workspace: "Workspace", prompt: "Prompt", version: "Version", model: "Model", api_key: "API key", end_user: "End user" };

export type Schedule = Schema<"ScheduleAnswer">;
export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

const capital = (word: string) => word[0]?.toUpperCase() + word.slice(1);

/** "Every Monday at 08:00, Europe/Berlin" */
export function scheduleInWords({ every, weekday, hour, time_zone }: Pick<Schedule, "every" | "weekday" | "hour" | "time_zone">): string {
  return `Every ${every === "daily" ? "day" : capital(weekday)} at ${String(hour).padStart(2, "0")}:00, ${time_zone}`;
}
