import { useMemo } from "react";
import { useRead } from "@/api/hooks";
import { useMay } from "@/api/session";
import type { Choice } from "@/kit";

/** API keys by name. Whoever may not read keys sees ids. */
export function useTargets(): { keys: Choice[]; nameOf: (kind: "api_key", id: string) => string } {
  const may = useMay();
  const { data } = useRead("/v1/api-keys", { query: { limit: 200 } }, { enabled: may.admin, staleTime: 60_000 });
  return useMemo(() => {
    const names = new Map((data?.data ?? []).map((one) => [one.id, one.name]));
    return { keys: [...names].map(([value, label]) => ({ value, label })), nameOf: (_kind, id) => names.get(id) ?? id };
  }, [data]);
}
