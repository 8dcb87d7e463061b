/** Which events an endpoint is told of: types (`alert.raised`), groups (`alert.*`) and `*`, as the API has them. */
import type { Schema } from "@/api/client";

export type Kind = Schema<"EventKindAnswer">;
export type Group = { name: string; title: string; kinds: readonly Kind[] };

export function groupNameOf(type: string): string {
  return type.slice(0, type.indexOf("."));
}

/** The kinds that one may subscribe to, by the word before the first dot. */
export function groupsOf(kinds: readonly Kind[]): Group[] {
  const found = new Map<string, Kind[]>();
  for (const kind of kinds) {
    if (!kind.subscribable) continue;
    const name = groupNameOf(kind.type);
    found.set(name, [...(found.get(name) ?? []), kind]);
  }
  return [...found].map(([name, members]) => ({ name, title: name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " "), kinds: members }));
}

/** Whether a pattern brings a kind. Neither groups nor `*` bring what goes by its name alone. */
export function covers(pattern: string, kind: Kind): boolean {
  if (pattern === kind.type) return true;
  return !kind.by_name_alone && kind.subscribable && (pattern === "*" || pattern === `${groupNameOf(kind.type)}.*`);
}

export function isChosen(patterns: readonly string[], kind: Kind): boolean {
  return patterns.some((pattern) => covers(pattern, kind));
}

/** The patterns after one kind was switched. Where a group or `*` brought it, the others stay by narrower patterns. */
export function withKind(patterns: readonly string[], kind: Kind, groups: readonly Group[]): string[] {
  if (!isChosen(patterns, kind)) return [...patterns, kind.type];
  const own = groupNameOf(kind.type);
  const rest = patterns.filter((pattern) => !covers(pattern, kind));
  const others = (groups.find((one) => one.name === own)?.kinds ?? []).filter((one) => one !== kind && isChosen(patterns, one)).map((one) => one.type);
  const wider = patterns.includes("*") ? groups.filter((one) => one.name !== own && one.kinds.some((each) => !each.by_name_alone)).map((one) => `${one.name}.*`) : [];
  return [...new Set([...rest, ...wider, ...others])];
}

/** The patterns after a whole group was switched: on where any of it is off. What goes by its name alone is left as it is. */
export function withGroup(patterns: readonly string[], group: Group, groups: readonly Group[]): string[] {
  const whole = `${group.name}.*`;
  const apart = patterns.filter((pattern) => pattern !== whole && !group.kinds.some((kind) => kind.type === pattern && !kind.by_name_alone));
  if (stateOf(patterns, group) !== "all") return [...apart, whole];
  if (!patterns.includes("*")) return apart;
  const wider = groups.filter((one) => one !== group && one.kinds.some((kind) => !kind.by_name_alone)).map((one) => `${one.name}.*`);
  return [...new Set([...apart.filter((pattern) => pattern !== "*"), ...wider])];
}

export function stateOf(patterns: readonly string[], group: Group): "all" | "some" | "none" {
  const counted = group.kinds.filter((kind) => !kind.by_name_alone);
  const on = (counted.length > 0 ? counted : group.kinds).filter((kind) => isChosen(patterns, kind)).length;
  return on === 0 ? "none" : on === (counted.length || group.kinds.length) ? "all" : "some";
}

/** Chosen kinds that can never pass: their data has nothing that one of these filters looks at. */
export function neverSent(patterns: readonly string[], kinds: readonly Kind[], filters: { prompts: readonly string[]; labels: readonly string[] }): Kind[] {
  const asked = (["prompts", "labels"] as const).filter((name) => filters[name].length > 0);
  return kinds.filter((kind) => isChosen(patterns, kind) && asked.some((name) => !kind.filters.includes(name)));
}
