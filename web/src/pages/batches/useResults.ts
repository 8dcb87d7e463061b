/** The results of a batch, a part at a time: the API streams all of them, and whoever has enough stops reading. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { asApiError } from "@/api/errors";
import { type Pages, keyOf } from "@/api/hooks";
import { type Lines, readLines } from "@/api/lines";
import type { ResultLine } from "./model";

const PART_ROWS = 50;
/** A line of embeddings may hold 2 MB of numbers. */
const VECTOR_ROWS = 10;
const SOON_MS = 3_000;

/** `moving`: more are on their way; `hasVectors`: its lines are embeddings. */
export function useResults(id: string, { onlyFailed, moving, hasVectors }: { onlyFailed: boolean; moving: boolean; hasVectors: boolean }): Pages<ResultLine> {
  const found = useInfiniteQuery({
    queryKey: [...keyOf("/v1/batches/{batch_id}/results", { path: { batch_id: id }, query: { onlyFailed } }), "pages"],
    queryFn: ({ pageParam, signal }) => readLines<ResultLine>(`/v1/batches/${id}/results?from_line=${pageParam}`, { most: hasVectors ? VECTOR_ROWS : PART_ROWS, wanted: (row) => !onlyFailed || row.error !== null, signal }),
    initialPageParam: 0,
    getNextPageParam: (last: Lines<ResultLine>) => (last.hasMore ? (last.rows.at(-1)?.line ?? 0) + 1 : undefined),
    refetchInterval: ({ state }) => (moving && (state.data?.pages.length ?? 0) <= 1 ? SOON_MS : false),
  });
  const { fetchNextPage, refetch } = found;
  const rows = useMemo(() => (found.data?.pages ?? []).flatMap((page) => page.rows), [found.data]);
  const loadMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const retry = useCallback(() => void refetch(), [refetch]);
  return { rows, error: found.error ? asApiError(found.error) : null, isPending: found.isPending, isStale: found.isPlaceholderData, hasMore: found.hasNextPage, isLoadingMore: found.isFetchingNextPage, loadMore, retry };
}
