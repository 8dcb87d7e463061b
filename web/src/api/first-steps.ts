/** The way from nothing to a better prompt, and how far a workspace has come on it. */
import { useRead } from "./hooks";

export type Facts = {
  /** Name of the prompt that the steps are about: the one that is live and was changed last, else any. */
  prompt: string | null;
  runs: number;
  reactions: number;
  /** The newest job that was completed, else the newest: one that was stopped takes no step back. */
  job: { id: string; status: string; outcome: string | null; suggestionId: string | null } | null;
};

export type StepName = "prompt" | "run" | "feedback" | "optimize";

export const STEPS: readonly StepName[] = ["prompt", "run", "feedback", "optimize"];

export function isDone(step: StepName, facts: Facts): boolean {
  switch (step) {
    case "prompt":
      return facts.prompt !== null;
    case "run":
      return facts.runs > 0;
    case "feedback":
      return facts.reactions > 0;
    case "optimize":
      return facts.job?.status === "completed";
  }
}

/** The first that is not done; null when all are. */
export function nextStep(facts: Facts): StepName | null {
  return STEPS.find((step) => !isDone(step, facts)) ?? null;
}

type Prompt = { slug: string; labels: Record<string, number>; updated_at: string };

/** The prompt that a newcomer should look at. */
export function choosePrompt(prompts: readonly Prompt[]): string | null {
  const newest = [...prompts].sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  return (newest.find((one) => one.labels.production !== undefined) ?? newest[0])?.slug ?? null;
}

const DAY_MS = 86_400_000;
const BACK_DAYS = 30;

/** What is known of the workspace. `everyMs`: looked at again so often. */
export function useFirstSteps({ enabled = true, everyMs = false }: { enabled?: boolean; everyMs?: number | false } = {}) {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const options = { enabled, refetchInterval: everyMs };
  const prompts = useRead("/v1/prompts", { query: { limit: 50 } }, options);
  const summary = useRead("/v1/analytics/summary", { query: { from: new Date(today - BACK_DAYS * DAY_MS).toISOString() } }, options);
  const jobs = useRead("/v1/optimizations", { query: { limit: 1 } }, options);
  const completed = useRead("/v1/optimizations", { query: { status: "completed", limit: 1 } }, options);
  const job = (completed.data?.data[0] ?? jobs.data?.data[0]) as { id: string; status: string; outcome?: string | null; suggestion_id?: string | null } | undefined;
  const facts: Facts = {
    prompt: choosePrompt(prompts.data?.data ?? []),
    runs: summary.data?.executions ?? 0,
    reactions: summary.data?.reactions ?? 0,
    job: job ? { id: job.id, status: job.status, outcome: job.outcome ?? null, suggestionId: job.suggestion_id ?? null } : null,
  };
  return { facts, figures: summary.data, retry: () => void Promise.all([prompts, summary, jobs, completed].map((one) => one.refetch())), isReady: Boolean(prompts.data && summary.data && jobs.data && completed.data), hasFailed: Boolean(prompts.error ?? summary.error ?? jobs.error ?? completed.error) };
}
