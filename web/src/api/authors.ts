import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import type { Choice } from "@/kit/Combobox";
import { type Answer, keyOf, read, useRead } from "./hooks";
import { useApiKeys } from "./keys";
import { useSession } from "./session";

const FRESH_MS = 300_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MEMBERS = { query: { limit: 200 } };

/** Of one question, as the API takes them. */
const IDS_MOST = 100;

type Known = { me: string; members?: readonly { user_id: string; name?: string | null; email?: string | null }[]; keys?: readonly { id: string; name: string }[]; /** There are members beyond those that were read. */ areMore?: boolean; /** Whose ids were asked for besides; who is not among the members is none. */ askedFor?: ReadonlySet<string> };

/** What acts by itself, by its name in the books. */
const BY_ITSELF: Record<string, string> = { schedule: "A schedule", alert_policy: "An alert", model_migration: "A move to another model", rollout_policy: "A rollout policy", digest: "The digest" };

const RUNS_FROM_THE_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A name as part of a sentence: one that runs from the right does not turn what stands beside it. */
export function isolated(name: string): string {
  return RUNS_FROM_THE_RIGHT.test(name) ? `\u2068${name}\u2069` : name;
}

/** Who "user:<id>" or "api_key:<id>" is. `undefined` members or keys are not read yet, or nobody's to read. */
export function authorOf(author: string, { me, members, keys, areMore, askedFor }: Known): string {
  const [kind, id] = author.split(":");
  if (!id) return author === "operator" ? "The operator" : author || "Burnish";
  if (kind === "api_key") {
    const name = keys?.find((one) => one.id === id)?.name;
    return name ? `API key ${isolated(name)}` : `API key …${id.slice(-6)}`;
  }
  if (kind === "system") return BY_ITSELF[id] ?? "Burnish";
  if (kind !== "user" && kind !== "session") return `${kind} …${id.slice(-6)}`;
  if (id === me) return "You";
  const member = members?.find((one) => one.user_id === id);
  return member ? isolated(member.name || member.email || "A member") : (members && !areMore) || askedFor?.has(id) ? "A former member" : "A member";
}

type Members = Answer<"/v1/members">["data"];

/** Members that are beyond the first page, by their ids: `ask` for one as it is drawn, and those of one drawing are asked for together. */
function useFurther(): { ask: (id: string) => void; further: Members; askedFor: ReadonlySet<string> } {
  const [groups, setGroups] = useState<readonly (readonly string[])[]>([]);
  const known = useRef({ ids: new Set<string>(), waiting: [] as string[] });
  const ask = useCallback((id: string) => {
    const { ids, waiting } = known.current;
    if (ids.has(id)) return;
    ids.add(id);
    if (waiting.push(id) > 1) return;
    queueMicrotask(() => {
      const some = waiting.splice(0).sort();
      const made = Array.from({ length: Math.ceil(some.length / IDS_MOST) }, (_, at) => some.slice(at * IDS_MOST, (at + 1) * IDS_MOST));
      setGroups((before) => [...before, ...made]);
    });
  }, []);
  const found = useQueries({
    queries: groups.map((ids) => ({
      queryKey: keyOf("/v1/members", { of: ids }),
      queryFn: ({ signal }: { signal: AbortSignal }) => read("/v1/members", { query: { user_id: [...ids], limit: IDS_MOST } }, signal),
      staleTime: FRESH_MS,
    })),
    combine: (answers) => answers.map((one) => one.data),
  });
  return useMemo(() => ({ ask, further: found.flatMap((one) => one?.data ?? []), askedFor: new Set(groups.filter((_, at) => found[at]).flat()) }), [ask, found, groups]);
}

/** The name of whoever made a change. Who is not among the members that were read first is looked up by the id. */
export function useAuthors(): (author: string) => string {
  const { user } = useSession();
  const found = useRead("/v1/members", MEMBERS, { staleTime: FRESH_MS }).data;
  const keys = useApiKeys();
  const { ask, further, askedFor } = useFurther();
  return useMemo(() => {
    const members = found && [...found.data, ...further];
    const first = new Set(members?.map((one) => one.user_id));
    return (author: string) => {
      const [kind, id] = author.split(":");
      if (found?.next_cursor && id && UUID.test(id) && (kind === "user" || kind === "session") && id !== user.id && !first.has(id)) ask(id);
      return authorOf(author, { me: user.id, members, areMore: Boolean(found?.next_cursor), askedFor, keys });
    };
  }, [user.id, found, further, askedFor, ask, keys]);
}

/** Whoever can have changed something, to choose from; of those who are gone, who stands in `seen`. */
export function useActors(seen: readonly string[]): Choice[] {
  const { user } = useSession();
  const nameOf = useAuthors();
  const members = useRead("/v1/members", MEMBERS, { staleTime: FRESH_MS }).data?.data;
  const keys = useApiKeys();
  const known = [`user:${user.id}`, ...(members ?? []).map((one) => `user:${one.user_id}`), ...(keys ?? []).map((one) => `api_key:${one.id}`), "operator", ...Object.keys(BY_ITSELF).map((one) => `system:${one}`)];
  const emails = new Map((members ?? []).map((one) => [`user:${one.user_id}`, one.email ?? undefined]));
  return [...new Set([...known, ...seen])].filter(Boolean).map((value) => ({ value, label: nameOf(value), hint: emails.get(value), keywords: [value] }));
}
