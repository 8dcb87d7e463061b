/** Which dataset the items of a prompt go to: the one that was used last here, else the one of its newest test run or search. */
import { useState } from "react";
import { useRead } from "@/api/hooks";
import { standing } from "@/api/client";
import { lastChosen } from "@/lib/last-chosen";

const USED = lastChosen("burnish.datasets-of-items", 200);
const placeOf = (prompt: string) => `${standing.workspaceId ?? ""} ${prompt}`;

/** Remembers where an item of the prompt was saved. */
export function keepUsualDataset(prompt: string | null, dataset: string): void {
  if (prompt !== null) USED.keep(placeOf(prompt), dataset);
}

type Used = { dataset_id?: string | null; created_at: string };

/** Id of the dataset; null: none is known; undefined: not yet. It may be gone by now. `enabled`: it is being asked for. */
export function useUsualDataset(prompt: string | null, enabled: boolean): string | null | undefined {
  const [own, setOwn] = useState<{ prompt: string | null; dataset: string | undefined } | null>(null);
  if (!enabled && own !== null) setOwn(null);
  if (enabled && own?.prompt !== prompt) setOwn({ prompt, dataset: prompt === null ? undefined : USED.at(placeOf(prompt)) });
  const asks = { enabled: enabled && prompt !== null && own !== null && own.dataset === undefined, staleTime: 60_000 };
  const query = { prompt: prompt ?? "", limit: 1 };
  const tested = useRead("/v1/test-runs", { query }, asks);
  const searched = useRead("/v1/optimizations", { query }, asks);
  if (own?.dataset !== undefined) return own.dataset;
  if (prompt === null) return null;
  const isOver = [tested, searched].every((one) => one.data !== undefined || one.error !== null);
  if (!isOver) return undefined;
  const all: Used[] = [...((tested.data?.data ?? []) as Used[]), ...((searched.data?.data ?? []) as Used[])];
  return all.filter((one) => one.dataset_id).sort((a, b) => b.created_at.localeCompare(a.created_at))[0]?.dataset_id ?? null;
}
