/** The settings of a workspace as somebody writes them, and what of it is sent. Pure. */
import type { Schema } from "@/api/client";

type Facts = Schema<"WorkspaceAnswer">;
type Change = Schema<"WorkspaceChange">;

/** As it stands in the form: texts are texts there. */
export type Draft = {
  name: string;
  rate: string;
  /** Tokens a minute; empty: as the plan says. */
  tokens: string;
  onlyAdmins: boolean;
  platformKeys: boolean;
  statistics: boolean;
  labels: string;
  ownApproval: boolean;
  testGate: boolean;
  /** Empty: none. */
  gateEvaluator: string;
  gateScore: string;
  shape: Shape;
  samples: string;
  /** In per cent. */
  confidence: string;
  examples: boolean;
};

export type Shape = NonNullable<Change["response_shape"]>;
export const SHAPES: readonly { value: Shape; label: string }[] = [
  { value: "with_metadata", label: "The answer with all that is known of it" },
  { value: "raw", label: "The bare answer" },
  { value: "headers", label: "The bare answer, the rest in headers" },
];

/** Shares lie between 0 and 1, and people write per cent: 0.999 is 99.9, and back. */
const exact = (value: number) => Number(value.toPrecision(12));

export function draftOf(facts: Facts): Draft {
  return {
    name: facts.name,
    rate: facts.rate_limit_per_minute === null ? "" : String(facts.rate_limit_per_minute),
    tokens: facts.token_limit_per_minute?.toString() ?? "",
    onlyAdmins: facts.only_admins_change_prompts,
    platformKeys: facts.platform_keys,
    statistics: facts.share_statistics,
    labels: facts.protected_labels.join(", "),
    ownApproval: facts.own_approval,
    testGate: facts.test_run_gate,
    gateEvaluator: facts.gate_evaluator_id ?? "",
    gateScore: String(facts.gate_min_score),
    shape: facts.response_shape as Shape,
    samples: String(facts.min_samples),
    confidence: String(exact(facts.confidence * 100)),
    examples: facts.examples_in_prompts,
  };
}

function settingsOf(draft: Draft): Change {
  return {
    name: draft.name.trim(),
    rate_limit_per_minute: draft.rate.trim() === "" ? null : Number(draft.rate),
    token_limit_per_minute: draft.tokens.trim() === "" ? null : Number(draft.tokens),
    only_admins_change_prompts: draft.onlyAdmins,
    platform_keys: draft.platformKeys,
    protected_labels: [...new Set(draft.labels.split(",").map((one) => one.trim().toLowerCase()).filter(Boolean))],
    own_approval: draft.ownApproval,
    test_run_gate: draft.testGate,
    gate_evaluator_id: draft.gateEvaluator || null,
    ...(isWithin(draft.gateScore, 0, 1) ? { gate_min_score: Number(draft.gateScore) } : {}),
    share_statistics: draft.statistics,
    response_shape: draft.shape,
    min_samples: Number(draft.samples),
    confidence: exact(Number(draft.confidence) / 100),
    examples_in_prompts: draft.examples,
  };
}

const isWithin = (text: string, least: number, most: number) => text.trim() !== "" && Number(text) >= least && Number(text) <= most;

/** What is wrong with what somebody wrote, by field. */
export function faultsOf(draft: Draft): { rate?: string; tokens?: string; gateScore?: string; samples?: string; confidence?: string } {
  return {
    ...(/^\d*$/.test(draft.rate.trim()) ? {} : { rate: "A whole number, or nothing." }),
    ...(/^\d*$/.test(draft.tokens.trim()) ? {} : { tokens: "A whole number, or nothing." }),
    ...(!draft.testGate || !draft.gateEvaluator || isWithin(draft.gateScore, 0, 1) ? {} : { gateScore: "From 0 to 1." }),
    ...(/^\d+$/.test(draft.samples.trim()) && isWithin(draft.samples, 20, 10_000) ? {} : { samples: "A whole number from 20 to 10,000." }),
    ...(isWithin(draft.confidence, 80, 99.9) ? {} : { confidence: "From 80 to 99.9." }),
  };
}

/** What somebody changed, and nothing else: what others changed meanwhile stays theirs. */
export function changesOf(draft: Draft, base: Draft): Change {
  const before = new Map(Object.entries(settingsOf(base)));
  return Object.fromEntries(Object.entries(settingsOf(draft)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before.get(name))));
}
