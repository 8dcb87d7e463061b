/** An endpoint as a form holds it: every number as it was typed. */
import type { Schema } from "@/api/client";

export type Endpoint = Schema<"EndpointAnswer">;
export type Include = "messages" | "variables" | "output";
/** `stored`: the value is there but not shown; left so, it stays. `revision`: of the headers, by which a change of what is hidden is noticed. */
export type HeaderRow = { name: string; value: string; stored: boolean; revision?: number };

export type Draft = {
  url: string;
  description: string;
  events: readonly string[];
  prompts: readonly string[];
  labels: string;
  condition: string;
  headers: readonly HeaderRow[];
  throttle: string;
  ordered: boolean;
  orderWaitMin: string;
  include: readonly Include[];
  ed25519: boolean;
};

const ORDER_WAIT_S = 3_600;

export function draftOf(endpoint: Endpoint | null): Draft {
  return {
    url: endpoint?.url ?? "",
    description: endpoint?.description ?? "",
    events: endpoint?.events ?? [],
    prompts: endpoint?.filters["prompts"] ?? [],
    labels: (endpoint?.filters["labels"] ?? []).join(", "),
    condition: endpoint?.condition ?? "",
    headers: Object.entries(endpoint?.headers ?? {}).map(([name, value]) =>
      value === null ? { name, value: "", stored: true, revision: endpoint?.headers_revision ?? 1 } : { name, value, stored: false },
    ),
    throttle: endpoint?.throttle_per_minute?.toString() ?? "",
    ordered: endpoint?.ordered ?? false,
    orderWaitMin: String((endpoint?.order_wait_s ?? ORDER_WAIT_S) / 60),
    include: (endpoint?.include ?? []) as Include[],
    ed25519: endpoint?.public_key !== null && endpoint !== null,
  };
}

export function labelsOf(typed: string): string[] {
  return [...new Set(typed.split(/[\s,]+/).filter(Boolean))];
}

/** What is sent. Filters that are empty are none; a header without a name is no header. */
export function bodyOf(draft: Draft) {
  const labels = labelsOf(draft.labels);
  const filters = { ...(draft.prompts.length > 0 ? { prompts: [...draft.prompts] } : {}), ...(labels.length > 0 ? { labels } : {}) };
  return {
    url: draft.url.trim(),
    description: draft.description.trim(),
    events: [...draft.events],
    filters: Object.keys(filters).length > 0 ? filters : null,
    condition: draft.condition,
    headers: Object.fromEntries(draft.headers.filter((one) => one.name.trim()).map((one) => [one.name.trim(), one.stored ? null : one.value])),
    throttle_per_minute: draft.throttle.trim() ? Number(draft.throttle) : null,
    ordered: draft.ordered,
    order_wait_s: draft.ordered ? Math.round(Number(draft.orderWaitMin) * 60) : null,
    include: [...draft.include],
    ed25519: draft.ed25519,
  };
}

/** What the form can tell by itself, by field. All else the API says. */
export function faultsOf(draft: Draft): { throttle?: string; orderWaitMin?: string } {
  const throttle = draft.throttle.trim();
  const wait = Number(draft.orderWaitMin);
  return {
    ...(throttle && !(/^\d{1,5}$/.test(throttle) && Number(throttle) >= 1 && Number(throttle) <= 60_000) ? { throttle: "A whole number from 1 to 60000, or empty for no limit." } : {}),
    ...(draft.ordered && !(wait >= 1 / 60 && wait <= 1_440) ? { orderWaitMin: "Minutes, up to a day (1440)." } : {}),
  };
}

/** Where an address leads: whoever hears one hears the other. What is not typed to its end leads nowhere that is known. */
function placeOf(url: string): string {
  try {
    return new URL(url.trim()).origin;
  } catch {
    return url.trim();
  }
}

/** Headers whose stored value was given for another server than the address leads to now: the API asks for it anew, in words; null: none. */
export function askedAnew(before: Draft, after: Draft): string | null {
  const stored = after.headers.filter((one) => one.stored && one.name.trim()).map((one) => one.name.trim());
  if (stored.length === 0 || placeOf(before.url) === placeOf(after.url)) return null;
  return `The address leads to another server. Type the value of ${stored.join(", ")} anew, or take it away.`;
}

/** What still has to be said before it can be made, in words; null: nothing. */
export function missingOf(draft: Draft): string | null {
  const missing = [!draft.url.trim() && "give an address", draft.events.length === 0 && "choose an event", Object.keys(faultsOf(draft)).length > 0 && "mend what is marked"].filter(Boolean);
  return missing.length > 0 ? missing.join(", ").replace(/, ([^,]+)$/, " and $1") : null;
}

/** Where the API says that an expression is wrong: "… (column 14)", from 1. Null where it says no place. */
export function columnOf(message: string | undefined): number | null {
  const found = /\(column (\d+)\)\s*$/.exec(message ?? "");
  return found ? Number(found[1]) : null;
}

/** The line of a text in which a column stands, and how far in it is (from 0). The column counts over the whole text, from 1. */
export function lineAt(text: string, column: number): { line: string; at: number } {
  const upTo = Math.max(0, Math.min(text.length, column - 1));
  const begin = text.lastIndexOf("\n", upTo - 1) + 1;
  const end = text.indexOf("\n", upTo);
  return { line: text.slice(begin, end === -1 ? undefined : end), at: upTo - begin };
}

/** Only what differs, so that nothing else is checked or written anew. The wait of an order goes with the order. */
export function changesOf(before: Draft, after: Draft): Partial<ReturnType<typeof bodyOf>> {
  const [was, is] = [bodyOf(before), bodyOf(after)];
  const changed = Object.fromEntries(Object.entries(is).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(was[name as keyof typeof was])));
  if ("order_wait_s" in changed) changed["ordered"] = is.ordered;
  return changed;
}
