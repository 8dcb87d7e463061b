import { useMemo } from "react";
import { useRead } from "@/api/hooks";
import { useMay } from "@/api/session";

/** Names of API keys by id. Whoever may not read keys sees ids. */
export function useKeyNames(wanted: boolean): ReadonlyMap<string, string> {
  const may = useMay();
  const { data } = useRead("/v1/api-keys", { query: { limit: 200 } }, { enabled: wanted && may.admin, staleTime: 60_000 });
  return useMemo(() => new Map((data?.data ?? []).map((one) => [one.id, one.name])), [data]);
}
