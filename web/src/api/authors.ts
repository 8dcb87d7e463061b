import { useMemo } from "react";
import type { Choice } from "@/kit/Combobox";
import { useRead } from "./hooks";
import { useMay, useSession } from "./session";

const FRESH_MS = 300_000;
const MEMBERS = { query: { limit: 200 } };

type Known = { me: string; members?: readonly { user_id: string; name?: string | null; email?: string | null }[]; keys?: readonly { id: string; name: string }[]; /** There are members beyond those that were read. */ areMore?: boolean };

/** What acts by itself, by its name in the books. */
const BY_ITSELF: Record<string, string> = { schedule: "A schedule", alert_policy: "An alert", model_migration: "A move to another model", rollout_policy: "A rollout policy", digest: "The digest" };

/** Who "user:<id>" or "api_key:<id>" is. `undefined` members or keys are not read yet, or nobody's to read. */
export function authorOf(author: string, { me, members, keys, areMore }: Known): string {
  const [kind, id] = author.split(":");
  if (!id) return author === "operator" ? "The operator" : author || "Burnish";
  if (kind === "api_key") {
    const name = keys?.find((one) => one.id === id)?.name;
    return name ? `API key ${name}` : `API key …${id.slice(-6)}`;
  }
  if (kind === "system") return BY_ITSELF[id] ?? "Burnish";
  if (kind !== "user" && kind !== "session") return `${kind} …${id.slice(-6)}`;
  if (id === me) return "You";
  const member = members?.find((one) => one.user_id === id);
  return member ? member.name || member.email || "A member" : members && !areMore ? "A former member" : "A member";
}

/** The name of whoever made a change. */
export function useAuthors(): (author: string) => string {
  const { user } = useSession();
  const may = useMay();
  const found = useRead("/v1/members", MEMBERS, { staleTime: FRESH_MS }).data;
  const keys = useRead("/v1/api-keys", { query: { limit: 200 } }, { enabled: may.admin, staleTime: FRESH_MS }).data?.data;
  return useMemo(() => (author: string) => authorOf(author, { me: user.id, members: found?.data, areMore: Boolean(found?.next_cursor), keys }), [user.id, found, keys]);
}

/** Whoever can have changed something, to choose from; of those who are gone, who stands in `seen`. */
export function useActors(seen: readonly string[]): Choice[] {
  const { user } = useSession();
  const may = useMay();
  const nameOf = useAuthors();
  const members = useRead("/v1/members", MEMBERS, { staleTime: FRESH_MS }).data?.data;
  const keys = useRead("/v1/api-keys", { query: { limit: 200 } }, { enabled: may.admin, staleTime: FRESH_MS }).data?.data;
  const known = [`user:${user.id}`, ...(members ?? []).map((one) => `user:${one.user_id}`), ...(keys ?? []).map((one) => `api_key:${one.id}`), "operator", ...Object.keys(BY_ITSELF).map((one) => `system:${one}`)];
  const emails = new Map((members ?? []).map((one) => [`user:${one.user_id}`, one.email ?? undefined]));
  return [...new Set([...known, ...seen])].filter(Boolean).map((value) => ({ value, label: nameOf(value), hint: emails.get(value), keywords: [value] }));
}
