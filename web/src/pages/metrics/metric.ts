/** What a named metric of feedback means, in words and as a form holds it. Pure. */
import type { Schema } from "@/api/client";
import type { Change } from "@/api/hooks";
import { decimal, duration } from "@/lib/format";

export type Metric = Schema<"MetricAnswer">;
export type MetricBody = Change<"/v1/metrics/{metric}", "put">["body"];
export type Type = Metric["type"];

export const TYPES: Record<Type, { name: string; hint: string }> = {
  binary: { name: "Yes or no", hint: "1 or 0: it happened, or it did not." },
  number: { name: "Number", hint: "Any number, within the bounds that you give." },
  duration_ms: { name: "Duration", hint: "Milliseconds; never negative." },
  money: { name: "Money", hint: "An amount in your currency." },
};
export const TYPE_NAMES = Object.keys(TYPES) as Type[];

export type Draft = { name: string; type: Type; direction: Metric["direction"]; min: string; max: string };

export function draftOf(metric: Metric | null): Draft {
  const typed = (value: number | null | undefined) => (value === null || value === undefined ? "" : String(value));
  return { name: metric?.name ?? "", type: metric?.type ?? "binary", direction: metric?.direction ?? "higher", min: typed(metric?.min), max: typed(metric?.max) };
}

const number = (typed: string) => (typed.trim() === "" ? null : Number(typed));

export function bodyOf({ type, direction, min, max }: Draft): MetricBody {
  return type === "binary" ? { type, direction } : { type, direction, min: number(min), max: number(max) };
}

/** As the API has it. */
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;

export function wrongIn(draft: Draft): Partial<Record<keyof Draft, string>> {
  const isOff = (typed: string) => Number.isNaN(number(typed) ?? 0);
  const bounded = draft.type !== "binary";
  const name = draft.name.trim();
  return {
    // It is part of an address: what it may not hold would ask for another one.
    ...(name && !NAME.test(name) ? { name: "A letter, then letters, digits, _, . or -." } : {}),
    ...(bounded && isOff(draft.min) ? { min: "A number, or nothing." } : {}),
    ...(bounded && isOff(draft.max) ? { max: "A number, or nothing." } : {}),
  };
}

/** "0 to 3,600,000", "at least 0", "any" */
export function boundsOf({ type, min, max }: Pick<Metric, "type" | "min" | "max">): string {
  const said = (value: number) => (type === "duration_ms" ? duration(value) : decimal(value));
  if (type === "binary") return "0 or 1";
  const least = min ?? (type === "duration_ms" ? 0 : null);
  if (least !== null && max !== null && max !== undefined) return `${said(least)} to ${said(max)}`;
  if (least !== null) return `at least ${said(least)}`;
  return max !== null && max !== undefined ? `at most ${said(max)}` : "any";
}
