/** The way from nothing to a better prompt, how far a workspace has come on it, and whether somebody was shown it. */
import { useSyncExternalStore } from "react";
import { useRead } from "./hooks";

export type Job = { id: string; prompt: string; status: string; outcome: string | null; suggestionId: string | null };

export type Facts = {
  /** Name of the prompt that the steps are about, all of them: the one that was made better, else the one that is live and was changed last, else any. */
  prompt: string | null;
  /** Of that prompt, in the last 30 days. */
  runs: number;
  reactions: number;
  /** Of that prompt: the one that found something better, else the newest that was completed, else the newest. */
  job: Job | null;
};

export type StepName = "prompt" | "run" | "feedback" | "optimize";

export const STEPS: readonly StepName[] = ["prompt", "run", "feedback", "optimize"];

const isBetter = (job: Job | null) => job?.status === "completed" && job.outcome === "improved";

export function isDone(step: StepName, facts: Facts): boolean {
  switch (step) {
    case "prompt":
      return facts.prompt !== null;
    case "run":
      return facts.runs > 0;
    case "feedback":
      return facts.reactions > 0;
    case "optimize":
      // A search that found nothing better has proved no better version.
      return isBetter(facts.job);
  }
}

/** The first that is not done; null when all are. */
export function nextStep(facts: Facts): StepName | null {
  return STEPS.find((step) => !isDone(step, facts)) ?? null;
}

type Prompt = { slug: string; labels: Record<string, number>; updated_at: string };

/** The prompt that a newcomer should look at. `jobs`: the newest first. `isWhole`: these are all prompts, so that one that is not among them is archived. */
export function choosePrompt(prompts: readonly Prompt[], jobs: readonly Job[] = [], isWhole = true): string | null {
  const better = jobs.find((job) => isBetter(job) && (!isWhole || prompts.some((one) => one.slug === job.prompt)));
  if (better) return better.prompt;
  const newest = [...prompts].sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  return (newest.find((one) => one.labels.production !== undefined) ?? newest[0])?.slug ?? null;
}

export function chooseJob(prompt: string | null, jobs: readonly Job[]): Job | null {
  const own = jobs.filter((job) => job.prompt === prompt);
  return own.find(isBetter) ?? own.find((job) => job.status === "completed") ?? own[0] ?? null;
}

const DAY_MS = 86_400_000;
const BACK_DAYS = 30;
const JOBS = 50;

/** What is known of the workspace. `everyMs`: looked at again so often. `figures`: of the whole workspace. */
export function useFirstSteps({ enabled = true, everyMs = false }: { enabled?: boolean; everyMs?: number | false } = {}) {
  const from = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - BACK_DAYS * DAY_MS).toISOString();
  const options = { enabled, refetchInterval: everyMs };
  const prompts = useRead("/v1/prompts", { query: { limit: 50 } }, options);
  const searches = useRead("/v1/optimizations", { query: { limit: JOBS } }, options);
  const whole = useRead("/v1/analytics/summary", { query: { from } }, options);
  const jobs = (searches.data?.data ?? []).map((one): Job => ({ id: one.id, prompt: one.prompt, status: one.status, outcome: one.outcome ?? null, suggestionId: one.suggestion_id ?? null }));
  const prompt = prompts.data && searches.data ? choosePrompt(prompts.data.data, jobs, !prompts.data.next_cursor) : null;
  const own = useRead("/v1/analytics/summary", { query: { from, prompt } }, { ...options, enabled: enabled && prompt !== null });
  const facts: Facts = { prompt, runs: (prompt && own.data?.executions) || 0, reactions: (prompt && own.data?.reactions) || 0, job: chooseJob(prompt, jobs) };
  const all = [prompts, searches, whole, ...(prompt === null ? [] : [own])];
  return { facts, figures: whole.data, retry: () => void Promise.all(all.map((one) => one.refetch())), isReady: all.every((one) => one.data), hasFailed: all.some((one) => one.error) };
}

// What somebody was shown, by person and workspace, in this browser; where it keeps nothing, until the page is loaded again.
export type Mark = "seen" | "put away";
const kept = new Set<string>();
const listeners = new Set<() => void>();

const keyOf = (mark: Mark, userId: string, workspaceId: string) => `burnish.first-steps.${mark.replace(" ", "-")}.${userId}.${workspaceId}`;

export function isMarked(mark: Mark, userId: string, workspaceId: string): boolean {
  const key = keyOf(mark, userId, workspaceId);
  try {
    return kept.has(key) || localStorage.getItem(key) !== null;
  } catch {
    return kept.has(key);
  }
}

export function note(mark: Mark, userId: string, workspaceId: string): void {
  const key = keyOf(mark, userId, workspaceId);
  kept.add(key);
  try {
    localStorage.setItem(key, "1");
  } catch {
    // Storage is switched off.
  }
  for (const one of listeners) one();
}

function listen(listener: () => void) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function useMarked(mark: Mark, userId: string, workspaceId: string): boolean {
  return useSyncExternalStore(listen, () => isMarked(mark, userId, workspaceId));
}

/** Whether somebody who has just signed in is led to the first steps: once each, also where the demo or a colleague has taken all of them; and
 * while nothing has run in the workspace. `runs`: of the whole workspace. */
export function belongsHere(runs: number, hasSeen: boolean): boolean {
  return !hasSeen || runs === 0;
}
