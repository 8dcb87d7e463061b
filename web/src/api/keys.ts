import { useMemo } from "react";
import type { Choice } from "@/kit/Combobox";
import { type Answer, useAll } from "./hooks";
import { useMay } from "./session";

type ApiKey = Answer<"/v1/api-keys">["data"][number];

/** The API keys of the workspace, newest first. Undefined: not read yet, or not wanted; always for who may not read them. */
export function useApiKeys(wanted = true): readonly ApiKey[] | undefined {
  const may = useMay();
  return useAll("/v1/api-keys", {}, { enabled: wanted && may.admin, staleTime: 60_000 }).rows;
}

/** Their names by id, and the same as choices of a Combobox. Whoever may not read keys sees ids. */
export function useKeyNames(wanted = true): { names: ReadonlyMap<string, string>; choices: Choice[] } {
  const keys = useApiKeys(wanted);
  return useMemo(() => {
    const names = new Map((keys ?? []).map((one) => [one.id, one.name]));
    return { names, choices: [...names].map(([value, label]) => ({ value, label })) };
  }, [keys]);
}

/** The names of the workspace's provider keys by id. Whoever may not read keys sees ids. */
export function useProviderKeyNames(wanted = true): ReadonlyMap<string, string> {
  const may = useMay();
  const { rows } = useAll("/v1/provider-keys", {}, { enabled: wanted && may.admin, staleTime: 60_000 });
  return useMemo(() => new Map((rows ?? []).map((one) => [one.id, one.name])), [rows]);
}

/** The names of the workspace's experiments by id. */
export function useExperimentNames(wanted = true): ReadonlyMap<string, string> {
  const { rows } = useAll("/v1/experiments", {}, { enabled: wanted, staleTime: 60_000 });
  return useMemo(() => new Map((rows ?? []).map((one) => [one.id, one.name])), [rows]);
}
