/** A live evaluation in words, and as a form holds it. Pure. */
import type { Schema } from "@/api/client";
import { percent, plural } from "@/lib/format";

export type Live = Schema<"LiveEvaluationAnswer">;
export type Period = Schema<"Cap">["period"];

export type Draft = { evaluator: string | null; prompts: string[]; labels: string[]; share: string; cap: string; period: Period };

const NUSD = 1e9;

export function draftOf(live: Live | null, evaluator: string | null = null): Draft {
  return {
    evaluator: live?.evaluator_id ?? evaluator,
    prompts: live?.prompts ?? [],
    labels: live?.labels ?? [],
    share: String(Number(((live?.sample ?? 0.1) * 100).toFixed(4))),
    cap: live ? (live.cap ? String(live.cap.limit_nusd / NUSD) : "") : "5",
    period: live?.cap?.period ?? "day",
  };
}

/** `asks`: its evaluator asks models, so that a cap is needed; without one no cap is sent. */
export function bodyOf({ prompts, labels, share, cap, period }: Draft, asks: boolean): { prompts: string[]; labels: string[]; sample: number; cap?: { limit_nusd: number; period: Period } } {
  return { prompts, labels, sample: Number(share) / 100, ...(asks && cap.trim() ? { cap: { limit_nusd: Math.round(Number(cap) * NUSD), period } } : {}) };
}

export function wrongIn(draft: Draft, asks: boolean): Partial<Record<keyof Draft, string>> {
  const share = Number(draft.share);
  return {
    ...(draft.evaluator ? {} : { evaluator: "Choose an evaluator." }),
    ...(draft.share.trim() !== "" && share > 0 && share <= 100 ? {} : { share: "A percentage above 0, up to 100." }),
    ...(asks && !(draft.cap.trim() !== "" && Number(draft.cap) > 0) ? { cap: "An amount in dollars above 0: it asks models." } : {}),
  };
}

/** "10 % of triage, answers under production" */
export function takes({ sample, prompts, labels }: Pick<Live, "sample" | "prompts" | "labels">): string {
  const share = percent(sample, sample * 100 === Math.round(sample * 100) ? 0 : 1);
  const what = prompts.length > 0 ? prompts.join(", ") : "all calls";
  return `${share} of ${what}${labels.length > 0 ? ` under ${labels.join(", ")}` : ""}`;
}

/** The end of a sentence: what is lost of what waits. */
export function unscored(waiting: number): string {
  if (waiting === 0) return "";
  return `, and ${plural(waiting, "answer")} that ${waiting === 1 ? "waits is" : "wait are"} not scored`;
}
