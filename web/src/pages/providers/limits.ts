/** Order and limits of a provider key as somebody writes them, and what of it is sent. Pure. */
import type { Schema } from "@/api/client";

type Sent = Required<Pick<Schema<"NewProviderKey">, "priority" | "requests_per_minute" | "tokens_per_minute">>;

/** As it stands in a form; empty limits: what the provider says of itself. */
export type Draft = { priority: string; requests: string; tokens: string };

export const NEW: Draft = { priority: "100", requests: "", tokens: "" };

export function draftOf(key: Sent): Draft {
  const text = (limit: number | null) => (limit === null ? "" : String(limit));
  return { priority: String(key.priority), requests: text(key.requests_per_minute), tokens: text(key.tokens_per_minute) };
}

/** A whole number, also as people group it: 90,000 or 90 000; NaN for anything else. */
const numberOf = (typed: string) => (/^(\d+|\d{1,3}([,.'’ ]\d{3})+)$/.test(typed.trim()) ? Number(typed.replace(/\D/g, "")) : Number.NaN);
const isWithin = (typed: string, least: number, most: number) => numberOf(typed) >= least && numberOf(typed) <= most;

export function faultsOf(draft: Draft): Partial<Record<keyof Draft, string>> {
  const limit = (typed: string, most: number) => typed.trim() === "" || isWithin(typed, 1, most);
  return {
    ...(isWithin(draft.priority, 0, 1_000_000) ? {} : { priority: "A whole number from 0 to 1,000,000." }),
    ...(limit(draft.requests, 1e9) ? {} : { requests: "A whole number above 0, or nothing." }),
    ...(limit(draft.tokens, 1e12) ? {} : { tokens: "A whole number above 0, or nothing." }),
  };
}

export function sentOf(draft: Draft): Sent {
  const limit = (typed: string) => (typed.trim() === "" ? null : numberOf(typed));
  return { priority: numberOf(draft.priority), requests_per_minute: limit(draft.requests), tokens_per_minute: limit(draft.tokens) };
}

/** What differs from the key as it is. A limit that was emptied is taken away. */
export function changesOf(draft: Draft, key: Sent): Partial<Sent> {
  const before = new Map<string, unknown>(Object.entries(sentOf(draftOf(key))));
  return Object.fromEntries(Object.entries(sentOf(draft)).filter(([name, value]) => value !== before.get(name)));
}
