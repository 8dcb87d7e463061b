/** Rules and what a call would come to, as the page speaks of them. Pure. */
import type { Schema } from "@/api/client";
import { count, duration, money, plural } from "@/lib/format";

export type Rule = Schema<"RuleShown">;
export type Requirements = { capabilities?: string[]; min_quality?: number; max_latency_ms?: number; max_cost_nusd?: number; use_case?: string };

/** What a rule chooses, in words. */
export function usesWords(use: Rule["use"]): string {
  if (use["version"] !== undefined) return `version ${use["version"]} answers`;
  if (use["label"] !== undefined) return `the version of label ${use["label"]} answers`;
  return use["model"] === "auto" ? "the cheapest model that meets the requirements answers" : `${use["model"]} answers`;
}

/** What `auto` asks of a model, in words; none: everything will do. */
export function requirementWords(asked: Requirements): string[] {
  return [
    asked.capabilities && asked.capabilities.length > 0 ? `can ${asked.capabilities.join(", ")}` : "",
    asked.min_quality === undefined ? "" : `has a quality of at least ${asked.min_quality}`,
    asked.max_latency_ms === undefined ? "" : `answers half of the calls within ${duration(asked.max_latency_ms)}`,
    asked.max_cost_nusd === undefined ? "" : `costs at most ${money(asked.max_cost_nusd)} a call`,
    asked.use_case === undefined ? "" : `preferably is for ${asked.use_case}`,
  ].filter(Boolean);
}

export type Told = {
  model: string | null;
  because?: string;
  prompt?: string | null;
  version?: number | null;
  label?: string | null;
  provider?: string;
  falls_back_to?: string[];
  routing?: { rule: string | null; prompt: string | null; auto: boolean; considered: number } | null;
  rules: { name: string; prompt: string | null; holds: boolean | null; because: string | null }[];
  models?: { model: string; because: string[] }[];
};

/** Who would answer, and why, in sentences. */
export function explained(told: Told): string[] {
  if (told.model === null) return [told.because ?? "No model qualifies."];
  const { routing } = told;
  const who = told.prompt ? `Version ${told.version} of ${told.prompt}${told.label ? `, by its label ${told.label},` : ""} answers with ${told.model}.` : `${told.model} answers.`;
  const why = routing?.rule
    ? `The rule “${routing.rule}” ${routing.prompt ? `of ${routing.prompt}` : "of the workspace"} chose it${routing.auto ? `: the cheapest of ${plural(routing.considered, "model")} that could` : ""}.`
    : routing?.auto
      ? `No rule chose; it is the cheapest of ${plural(routing.considered, "model")} that meet the requirements.`
      : told.rules.some((one) => one.holds)
        ? "A rule holds, and what the call says itself stays: it names its model or its version."
        : told.rules.length > 0
          ? "No rule holds; it is the model of the version or of the call."
          : "There are no rules; it is the model of the version or of the call.";
  const next = (told.falls_back_to ?? []).length > 0 ? `Should it fail: ${(told.falls_back_to ?? []).join(", then ")}.` : "Should it fail, nobody else is asked.";
  return [who, why, next];
}

/** `a=1` lines as metadata; null where a line has no name. */
export function pairsOf(typed: string): Record<string, string> | null {
  const found: Record<string, string> = {};
  for (const line of typed.split("\n").filter((one) => one.trim())) {
    const at = line.indexOf("=");
    const name = line.slice(0, at).trim();
    if (at < 1 || !name) return null;
    found[name] = line.slice(at + 1).trim();
  }
  return found;
}

export function rulesWords(n: number): string {
  return n === 0 ? "No rules" : `${count(n)} ${n === 1 ? "rule" : "rules"}, asked from the first on`;
}
