/** The settings of a workspace as somebody writes them, and what of it is sent. Pure. */
import type { Schema } from "@/api/client";

type Facts = Schema<"WorkspaceAnswer">;
type Change = Schema<"WorkspaceChange">;

/** As it stands in the form: texts are texts there. */
export type Draft = { name: string; rate: string; onlyAdmins: boolean; platformKeys: boolean; statistics: boolean; labels: string; ownApproval: boolean; testGate: boolean };

export function draftOf(facts: Facts): Draft {
  return {
    name: facts.name,
    rate: facts.rate_limit_per_minute === null ? "" : String(facts.rate_limit_per_minute),
    onlyAdmins: facts.only_admins_change_prompts,
    platformKeys: facts.platform_keys,
    statistics: facts.share_statistics,
    labels: facts.protected_labels.join(", "),
    ownApproval: facts.own_approval,
    testGate: facts.test_run_gate,
  };
}

function settingsOf(draft: Draft): Change {
  return {
    name: draft.name.trim(),
    rate_limit_per_minute: draft.rate.trim() === "" ? null : Number(draft.rate),
    only_admins_change_prompts: draft.onlyAdmins,
    platform_keys: draft.platformKeys,
    protected_labels: [...new Set(draft.labels.split(",").map((one) => one.trim().toLowerCase()).filter(Boolean))],
    own_approval: draft.ownApproval,
    test_run_gate: draft.testGate,
    share_statistics: draft.statistics,
  };
}

/** What somebody changed, and nothing else: what others changed meanwhile stays theirs. */
export function changesOf(draft: Draft, base: Draft): Change {
  const before = new Map(Object.entries(settingsOf(base)));
  return Object.fromEntries(Object.entries(settingsOf(draft)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before.get(name))));
}
