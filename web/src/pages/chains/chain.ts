/** The form of a chain as it is drawn and edited. Pure. */
import type { Schema } from "@/api/client";
import type { Answer } from "@/api/hooks";

export type Chain = Schema<"ChainAnswer">;
export type RunItem = Answer<"/v1/chain-runs">["data"][number];
export type Run = Schema<"ChainRunAnswer">;
export type RunStep = Schema<"RunStep">;
export type Case = { if?: string | null; steps: Step[] };
export type Step = {
  id: string;
  prompt?: string | null;
  variables?: Record<string, string> | null;
  values?: Record<string, unknown> | null;
  parallel?: Step[][] | null;
  choose?: Case[] | null;
  stop?: { status?: string; output?: unknown; message?: string | null } | null;
  if?: string | null;
  fallback?: Step[] | null;
  on_error?: "stop" | "continue" | null;
  retries?: number | null;
  stream?: boolean | null;
  model?: string | null;
  [other: string]: unknown;
};
/** How a step of a run stands; what is not named failed. */
export const STEP_TONES: Record<string, "ok" | "warn" | "neutral"> = { success: "ok", running: "warn", queued: "neutral", waiting: "neutral", skipped: "neutral", cancelled: "neutral" };
export type Kind = "prompt" | "parallel" | "choose" | "stop";

export function kindOf(step: Step): Kind {
  return step.parallel ? "parallel" : step.choose ? "choose" : step.stop ? "stop" : "prompt";
}

/** The lists of steps within a step, each with what it is there for. */
export function within(step: Step): { name: string; steps: Step[]; put: (steps: Step[]) => Step }[] {
  return [
    ...(step.parallel ?? []).map((steps, at) => ({ name: `at once, ${at + 1}`, steps, put: (next: Step[]) => ({ ...step, parallel: (step.parallel ?? []).map((own, n) => (n === at ? next : own)) }) })),
    ...(step.choose ?? []).map((one, at) => ({ name: one.if ? `if ${one.if}` : "else", steps: one.steps, put: (next: Step[]) => ({ ...step, choose: (step.choose ?? []).map((own, n) => (n === at ? { ...own, steps: next } : own)) }) })),
    ...(step.fallback ? [{ name: "where it fails", steps: step.fallback, put: (next: Step[]) => ({ ...step, fallback: next.length > 0 ? next : null }) }] : []),
  ];
}

export function everyStep(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) => [step, ...within(step).flatMap((list) => everyStep(list.steps))]);
}

/** The steps with the list that holds `id` changed by `change`. */
function inList(steps: Step[], id: string, change: (list: Step[], at: number) => Step[]): Step[] {
  const at = steps.findIndex((step) => step.id === id);
  if (at >= 0) return change(steps, at);
  return steps.map((step) => within(step).reduce((own, _, n) => {
    const list = within(own)[n];
    return list && everyStep(list.steps).some((one) => one.id === id) ? list.put(inList(list.steps, id, change)) : own;
  }, step));
}

export function replaced(steps: Step[], id: string, next: Step): Step[] {
  return inList(steps, id, (list, at) => list.map((own, n) => (n === at ? next : own)));
}

/** Without the step. A list that must not be empty keeps its last one. */
export function without(steps: Step[], id: string): Step[] {
  return inList(steps, id, (list, at) => (list.length > 1 ? list.filter((_, n) => n !== at) : list));
}

export function after(steps: Step[], id: string, added: Step): Step[] {
  return inList(steps, id, (list, at) => [...list.slice(0, at + 1), added, ...list.slice(at + 1)]);
}

export function moved(steps: Step[], id: string, by: -1 | 1): Step[] {
  return inList(steps, id, (list, at) => {
    const to = at + by;
    const [own, other] = [list[at], list[to]];
    if (!own || !other) return list;
    return list.map((step, n) => (n === at ? other : n === to ? own : step));
  });
}

/** An id that no step has yet: step_1, step_2, … */
export function freshId(steps: readonly Step[]): string {
  const known = new Set(everyStep(steps).map((step) => step.id));
  for (let n = known.size + 1; ; n++) if (!known.has(`step_${n}`)) return `step_${n}`;
}

/** What a new step begins with for the variables of its prompt: the chain's own of that name, else what the step before said. */
export function beginnings(names: readonly string[], parameters: readonly string[], before: string | null): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, parameters.includes(name) ? `variables.${name}` : before ? `steps.${before}.output` : `variables.${name}`]));
}

/** Only what says something, as it is sent. */
export function lean(step: Step): Step {
  const kept = Object.fromEntries(Object.entries(step).filter(([, value]) => value !== null && value !== undefined && value !== "")) as Step;
  if (kept.parallel) kept.parallel = kept.parallel.map((list) => list.map(lean));
  if (kept.choose) kept.choose = kept.choose.map((one) => ({ ...(one.if ? { if: one.if } : {}), steps: one.steps.map(lean) }));
  if (kept.fallback) kept.fallback = kept.fallback.map(lean);
  return kept;
}
