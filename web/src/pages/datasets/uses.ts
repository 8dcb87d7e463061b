import type { ApiError } from "@/api/errors";
import { plural } from "@/lib/format";

/** What a refusal (409) says of what uses a dataset: a part of it to be shown. */
export type Use = { words: string; links: readonly { to: string; label: string }[]; more: number; /** Measured with it; else set up to use it. */ isMeasured: boolean };

const ID_SHOWN = 8;

type Kind = { one: string; isMeasured: boolean; to: (name: string) => string; /** Named by a prompt, not by an id. */ byPrompt?: boolean; many?: string };
const KINDS: Readonly<Record<string, Kind>> = {
  test_run: { one: "test run", isMeasured: true, to: (id) => `/test-runs/${id}` },
  optimization: { one: "search", many: "searches", isMeasured: true, to: (id) => `/optimize/${id}` },
  suggestion: { one: "suggestion", isMeasured: true, to: (id) => `/optimize/suggestions/${id}` },
  schedule: { one: "schedule of searches", many: "schedules of searches", isMeasured: false, to: (id) => `/optimize/schedules/${id}` },
  alert_rule: { one: "alert rule", isMeasured: false, to: () => "/alerts/rules", byPrompt: true },
  review_settings: { one: "setting of the review queue", many: "settings of the review queue", isMeasured: false, to: () => "/review", byPrompt: true },
  model_migration: { one: "model move", isMeasured: false, to: (id) => `/optimize/migrations/${id}` },
};

/** What uses the dataset, as the API said when it refused. Null: it did not refuse for that. */
export function usesOf(error: ApiError | null): Use[] | null {
  const told = error?.status === 409 ? error.details["used_by"] : undefined;
  if (!Array.isArray(told)) return null;
  return (told as { kind: string; count: number; first: string[] }[]).map(({ kind, count, first }) => {
    const known = KINDS[kind];
    if (!known) return { words: plural(count, kind.replaceAll("_", " ")), links: [], more: count, isMeasured: true };
    const links = first.map((name) => ({ to: known.to(name), label: known.byPrompt ? name : `…${name.slice(-ID_SHOWN)}` }));
    return { words: plural(count, known.one, known.many), links, more: count - first.length, isMeasured: known.isMeasured };
  });
}
