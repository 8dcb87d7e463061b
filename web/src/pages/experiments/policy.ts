/** How a workspace rolls proven suggestions out, as somebody writes it, and what is sent. Pure. */
import type { Schema } from "@/api/client";
import { type Draft, STEPS, guardOf, stepsOf, text, writtenGuard } from "./draft";

type Settings = Schema<"burnish_gateway__experiments__answers__SettingsAnswer">;

/** `unit` empty: whom calls name. `guardrails` null: the usual four, which also hold where all are taken away. */
export type PolicyDraft = Pick<Draft, "label" | "steps" | "bakeHours" | "minUnits" | "advances" | "guardrails" | "metric"> & { unit: Draft["unit"] | "" };

export function policyDraftOf(policy: Settings["rollout_policy"]): PolicyDraft {
  const rollout = policy?.rollout;
  return {
    label: policy?.label ?? "production", metric: policy?.metric ?? "satisfaction", unit: policy?.unit ?? "",
    steps: rollout?.steps ? rollout.steps.map((step) => text(step, 0.01)).join(", ") : STEPS, bakeHours: rollout ? text(rollout.bake_s ?? 3_600, 3_600) : "1",
    minUnits: rollout?.min_units ? text(rollout.min_units) : "", advances: rollout?.advances ?? true,
    guardrails: policy?.guardrails?.length ? policy.guardrails.map(writtenGuard) : null,
  }; // prettier-ignore
}

export function policyBodyOf(draft: PolicyDraft): Schema<"RolloutPolicyBody"> {
  return {
    label: draft.label.trim(), metric: draft.metric, unit: draft.unit || null, guardrails: (draft.guardrails ?? []).map(guardOf),
    rollout: { steps: stepsOf(draft.steps) ?? [1], bake_s: Math.round(Number(draft.bakeHours) * 3_600), min_units: Number(draft.minUnits) || 0, advances: draft.advances },
  }; // prettier-ignore
}

/** What stands against saving it, by the field; the API says all else. */
export function policyFaults(draft: PolicyDraft): Record<string, string> {
  const faults: Record<string, string> = {};
  if (stepsOf(draft.steps) === null) faults["steps"] = "Shares in per cent that grow, such as 5, 25, 100.";
  if (draft.guardrails?.some((one) => one.margin.trim() === "" || !Number.isFinite(Number(one.margin)))) faults["guardrails"] = "Say by how much each may get worse; 0 is not at all.";
  if (draft.guardrails?.some((one) => one.metric === "evaluator:")) faults["guardrails"] = "Choose the evaluator whose score is guarded.";
  return faults;
}
