/** Reactions as lists and runs show them. Pure. */

/** Who sent one, as authors are named elsewhere; an inbound webhook by its own. */
export function senderOf(sentBy: string): string {
  return sentBy.includes(":") ? sentBy : `api_key:${sentBy}`;
}

/** Who said it, and by whose key or account it came. `by`: the latter's name; null: not known. What one says here oneself comes by oneself. */
export function whoSaid(userId: string | null | undefined, by: string | null, email: string | null): { who: string; by: string | null } {
  return by === "You" && email !== null && userId === email ? { who: "You", by: null } : { who: userId ?? "no name given", by };
}

/** What taking it back does, in one sentence. `kinds`: of the reactions of its id that are in sight. */
export function whatGoes(kinds: readonly string[]): string {
  const others = kinds.length > 1 ? ` It was sent as one: ${kinds.join(" and ")} go together.` : "";
  return `It counts nowhere from now on: satisfaction, metrics, alerts and experiments move back. What was said, who took it back and when is kept.${others}`;
}

/** Those that another took the place of, the newest first; the API has the oldest first. */
export function earlierOf<T>(replaced: readonly T[]): T[] {
  return [...replaced].reverse();
}
