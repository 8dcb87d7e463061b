/** Members of the workspace, of whom there may be thousands: asked for by what their name or e-mail holds. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import type { Choice } from "@/kit/Combobox";
import { type Answer, keyOf, read, useRead } from "./hooks";

export type Member = Answer<"/v1/members">["data"][number];

const FRESH_MS = 300_000;
const SHOWN_MOST = 50;
/** Of one text; what stands behind them is not looked up. */
const LOOKED_UP_MOST = 30;

export const labelOf = (one: Pick<Member, "name" | "email">) => one.name || one.email || "A member";

type Choosing = { enabled: boolean; /** Those alone that may change something. */ editors?: boolean };

/** Members whose name or e-mail holds `words`, as choices, but for those `without`. `isOld`: of the words before, while those of these words come. */
export function useMembersOf(words: string, without: readonly string[], { enabled, editors = false }: Choosing) {
  const q = words.trim();
  const { data, error, isPlaceholderData: isOld } = useRead("/v1/members", { query: { q, limit: SHOWN_MOST } }, { enabled, staleTime: FRESH_MS });
  const members: readonly Member[] = data?.data ?? [];
  // What was found for the words before stays as far as it has the new ones: Enter takes the first that is listed.
  const found = members.filter((one) => !isOld || `${one.name ?? ""} ${one.email ?? ""}`.toLowerCase().includes(q.toLowerCase()));
  const choices: Choice[] = found.filter((one) => !one.is_disabled && !(editors && one.role === "viewer") && !without.includes(one.user_id)).map((one) => ({ value: one.user_id, label: labelOf(one), hint: one.name ? (one.email ?? undefined) : undefined, keywords: [one.email ?? ""] })); // prettier-ignore
  return { choices, members, error, isOld: data === undefined || isOld };
}

/** Members as choices of a Combobox, found by the API while one types. */
export function useMemberChoices(without: readonly string[], choosing: Choosing): { choices: Choice[]; members: readonly Member[]; onSearch: (typed: string) => void; empty: string } {
  const [q, setQ] = useState("");
  const { choices, members, error, isOld } = useMembersOf(q, without, choosing);
  const empty = error ? `Members could not be looked for: ${error.message}` : isOld ? "Looking…" : "No other member";
  return { choices, members, onSearch: setQ, empty };
}

/** Which of the addresses were looked up, and whose they are. */
export type Named = { addresses: readonly string[]; members: readonly Member[] };

function asked(addresses: readonly string[]) {
  const some = addresses.slice(0, LOOKED_UP_MOST);
  return {
    queryKey: keyOf("/v1/members", { at: some }),
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Named> => {
      const pages = await Promise.all(some.map((email) => read("/v1/members", { query: { email, limit: 1 } }, signal)));
      return { addresses: some, members: pages.flatMap((page, at) => page.data.filter((one) => one.email?.toLowerCase() === some[at])) };
    },
    staleTime: FRESH_MS,
  };
}

/** Whose addresses these are; nothing until it is known. */
export function useNamed(addresses: readonly string[]): Named | undefined {
  return useQuery({ ...asked(addresses), enabled: addresses.length > 0 }).data;
}

/** The same, asked for once and waited for. Null: it could not be looked up. */
export function useLookUp(): (addresses: readonly string[]) => Promise<Named | null> {
  const queries = useQueryClient();
  return useCallback((addresses) => (addresses.length === 0 ? Promise.resolve({ addresses: [], members: [] }) : queries.fetchQuery(asked(addresses)).catch(() => null)), [queries]);
}
