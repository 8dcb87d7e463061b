/** Which dataset the items of a prompt go to: the one that was used last here, else the one of its newest test run or search. */
import { useState } from "react";
import { useRead } from "@/api/hooks";
import { standing } from "@/api/client";

const KEPT = "burnish.datasets-of-items";
/** Prompts, the one used last first; what is older is forgotten. */
const KEPT_MOST = 200;

type Kept = [place: string, dataset: string][];
const placeOf = (prompt: string) => `${standing.workspaceId ?? ""} ${prompt}`;

function kept(): Kept {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(found) ? (found as Kept).filter((one) => Array.isArray(one) && one.length === 2) : [];
  } catch {
    return []; // Written by hand, or nothing may be kept here.
  }
}

/** Remembers where an item of the prompt was saved. */
export function keepUsualDataset(prompt: string | null, dataset: string): void {
  if (prompt === null) return;
  const place = placeOf(prompt);
  try {
    localStorage.setItem(KEPT, JSON.stringify([[place, dataset], ...kept().filter(([one]) => one !== place)].slice(0, KEPT_MOST)));
  } catch {
    // Full, or nothing may be kept here: the newest of the prompt is offered then.
  }
}

type Used = { dataset_id?: string | null; created_at: string };

/** Id of the dataset; null: none is known; undefined: not yet. It may be gone by now. `enabled`: it is being asked for. */
export function useUsualDataset(prompt: string | null, enabled: boolean): string | null | undefined {
  const [own, setOwn] = useState<{ prompt: string | null; dataset: string | undefined } | null>(null);
  if (!enabled && own !== null) setOwn(null);
  if (enabled && own?.prompt !== prompt) setOwn({ prompt, dataset: prompt === null ? undefined : kept().find(([one]) => one === placeOf(prompt))?.[1] });
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
