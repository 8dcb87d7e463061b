/** What experiments and rollouts do with a prompt now, or did of late by themselves, in a few words. Pure. */
import type { Schema } from "@/api/client";
import { percent } from "@/lib/format";

type Experiment = Schema<"ExperimentAnswer">;
type OnCalls = Schema<"OnCalls">;
export type Trial = { id: string; name: string; words: string; tone: "accent" | "warn" | "bad" };

/** For so long a rollout that its own rule took back is told of. */
const TOLD_MS = 7 * 86_400_000;
const SHOWN = 3;

/** `experiments`: of one prompt, newest first. Those that are on its calls; and the last rollout, where its rule took it back and nothing was begun since. */
export function trialsOf(experiments: readonly Experiment[], now: number): Trial[] {
  const begun = experiments.filter((one) => one.status !== "draft");
  const open = begun.filter((one) => one.status === "running" || one.status === "paused");
  const last = begun[0];
  const back = last && open.length === 0 && isTakenBack(last) && now - Date.parse(last.completed_at ?? "") < TOLD_MS ? [last] : [];
  return [...open, ...back].slice(0, SHOWN).map((one) => ({ id: one.id, name: one.name, ...wordsOf(one) }));
}

/** The newest experiment that this version ended in, where its rule took it back there. `experiments` as of `trialsOf`. */
export function takenBack(experiments: readonly Experiment[], version: number): { id: string; name: string; sentence: string } | null {
  const last = experiments.find((one) => one.status === "completed" && one.arms.some((arm) => !arm.control && arm.mode === "live" && arm.version === version));
  return last && isTakenBack(last) ? { id: last.id, name: last.name, sentence: (last.verdict as { sentence?: string } | null)?.sentence ?? "" } : null;
}

function isTakenBack({ status, verdict }: Experiment): boolean {
  const { outcome, decided_by: by } = (verdict ?? {}) as { outcome?: string; decided_by?: string | null };
  return status === "completed" && outcome === "rolled_back" && (!by || by.startsWith("system:"));
}

function wordsOf(one: Experiment): Pick<Trial, "words" | "tone"> {
  const version = one.arms.find((arm) => !arm.control && arm.mode === "live")?.version;
  const what = version ? `v${version}` : "rollout";
  if (one.status === "completed") return { words: `${what} rolled back`, tone: "bad" };
  return wordsOfOpen({ kind: one.kind, status: one.status, rollout_state: one.rollout_state, share: one.rollout?.steps?.[one.step ?? 0] ?? null }, what);
}

/** Of one that is on a prompt's calls. `what` gets there: a version, where it is known. */
function wordsOfOpen({ kind, status, rollout_state: state, share }: Pick<OnCalls, "kind" | "share"> & { status: string; rollout_state: string | null }, what = "rollout"): Pick<Trial, "words" | "tone"> {
  const word = kind === "rollout" ? "rollout" : "experiment";
  if (status === "paused") return { words: `${word} paused`, tone: "warn" };
  if (state === "holding") return { words: "rollout waits for you", tone: "warn" };
  return kind === "rollout" && share !== null ? { words: `${what} to ${percent(share, share < 0.01 ? 1 : 0)}`, tone: "accent" } : { words: `${word} runs`, tone: "accent" };
}

/** What is on the calls of a prompt in the list. */
export function trialsOfListed(experiments: readonly OnCalls[]): Trial[] {
  return experiments.map((one) => ({ id: one.id, name: one.name, ...wordsOfOpen(one) }));
}
