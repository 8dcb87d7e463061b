/** All members of the workspace, for whoever has to know that somebody is none. */
import { useEffect } from "react";
import { type Answer, usePages } from "./hooks";

const FRESH_MS = 300_000;

export type Members = { members: readonly Answer<"/v1/members">["data"][number][]; /** They are all here. */ isWhole: boolean };

export function useMembers({ enabled = true }: { enabled?: boolean } = {}): Members {
  const { rows, hasMore, isLoadingMore, isPending, error, loadMore } = usePages("/v1/members", { query: { limit: 200 } }, { enabled, staleTime: FRESH_MS });
  const goesOn = hasMore && !isLoadingMore && !error;
  useEffect(() => {
    if (goesOn) loadMore();
  }, [goesOn, loadMore]);
  return { members: rows, isWhole: !isPending && !hasMore && !error };
}
