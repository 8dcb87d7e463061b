/** Rules are saved as one list: over what was seen alone, so that nobody's rule is lost. Pure but for what it is given to read and write with. */
import { type Requirements, type Rule, requirementWords } from "./model";

export type Routing = { rules?: Rule[]; requirements?: { [key: string]: unknown }; warnings?: string[]; updated_at?: string | null; updated_by?: string | null };
export type Sent = { rules: readonly Rule[]; requirements?: Requirements };
type Ways = { read: () => Promise<Routing>; write: (next: Sent) => Promise<Routing> };

/** Somebody else saved since one looked. `now`: how it is. */
export class Changed extends Error {
  override readonly name = "Changed";
  constructor(readonly now: Routing) {
    super(`Somebody changed the rules: look again. ${nowWords(now)} Nothing was saved.`);
  }
}

/** Keys in their order: two answers that say the same are the same text. */
function canon(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canon);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, canon(one)]),
  );
}

/** Whether both choose the same: what was changed and changed back is as it was. */
export function isSame(one: Routing, other: Routing): boolean {
  const said = ({ rules, requirements }: Routing) => JSON.stringify(canon([rules ?? [], requirements ?? {}]));
  return said(one) === said(other);
}

function nowWords({ rules = [], requirements = {} }: Routing): string {
  const asked = requirementWords(requirements as Requirements);
  const names = rules.map((one, at) => `${at + 1} ${one.name}`).join(", ");
  return `Now: ${names || "no rules"}${asked.length > 0 ? `; auto asks for what ${asked.join(", ")}` : ""}.`;
}

/** Writes over what was seen. Where it is another by now, nothing is written and `Changed` says so. */
export async function saveOver({ read, write }: Ways, seen: Routing, next: Sent): Promise<Routing> {
  const now = await read();
  if (!isSame(seen, now)) throw new Changed(now);
  return write(next);
}

/** The rule in the place of the one of that name; at the end, where there is none (any more). */
export function withRule(rules: readonly Rule[], name: string | null, rule: Rule): Rule[] {
  return name !== null && rules.some((one) => one.name === name) ? rules.map((one) => (one.name === name ? rule : one)) : [...rules, rule];
}

/** The rule one place earlier or later. */
export function moved(rules: readonly Rule[], name: string, by: -1 | 1): Rule[] {
  const from = rules.findIndex((one) => one.name === name);
  const next = [...rules];
  if (from >= 0) next.splice(Math.max(0, from + by), 0, ...next.splice(from, 1));
  return next;
}
