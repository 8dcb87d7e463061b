/** What a saved view holds of a page's address. */
import type { Schema } from "@/api/client";
import type { Search } from "@/lib/search";
import type { Codec } from "@/lib/url-state";

export type View = Schema<"ViewAnswer">;
export type Place = Schema<"NewView">["place"];

/** Filters that name an end user or a conversation: a view names nobody, and the API refuses them. */
const OF_PEOPLE = new Set(["user", "session"]);

/** The names of a page's filters: not of what lies over the page. */
// oxlint-disable-next-line typescript/no-explicit-any
export function filterNames(shape: Record<string, Codec<any>>): string[] {
  return Object.keys(shape).filter((name) => !shape[name]?.isOver);
}

/** What is kept of the address. */
export function keptOf(search: Search, names: readonly string[]): Search {
  return Object.fromEntries(names.filter((name) => !OF_PEOPLE.has(name)).flatMap((name) => (search[name] === undefined || search[name] === "" ? [] : [[name, search[name]]])));
}

/** Which of the filters that hold are not kept, in words; null: none. */
export function leftOutOf(search: Search, names: readonly string[]): string | null {
  const left = [...OF_PEOPLE].filter((name) => names.includes(name) && search[name]);
  return left.length === 0 ? null : left.map((name) => (name === "user" ? "the end user" : "the session")).join(" and ");
}

/** The address with the view's filters in place of those that hold. */
export function shown(view: Pick<View, "filters">, search: Search, names: readonly string[]): Search {
  const rest = Object.fromEntries(Object.entries(search).filter(([name]) => !names.includes(name)));
  // What an older or newer page wrote is left alone by this one.
  return { ...rest, ...Object.fromEntries(Object.entries(view.filters).filter(([name]) => names.includes(name))) };
}

export function isSame(one: Search, other: Search): boolean {
  return written(one) === written(other);
}

/** The filters in words: `status error, app shop`. */
export function inWords(filters: Search): string {
  return Object.entries(filters).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(", ") : value}`).join(" · ") || "no filter";
}

/** The view of that name, in whatever case; null where the name is free. */
export function namedAlike(views: readonly View[], name: string): View | null {
  const typed = name.trim().toLowerCase();
  return views.find((one) => one.name.toLowerCase() === typed) ?? null;
}

function written(filters: Search): string {
  return JSON.stringify(Object.entries(filters).map(([name, value]) => [name, ...[value].flat()]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}
