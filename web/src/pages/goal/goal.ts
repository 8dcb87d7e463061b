/** What a clarifying session says, and what was answered here and is not heard back yet. Pure. */
import type { Schema } from "@/api/client";

export type Session = Schema<"ClarificationAnswer">;
export type SessionItem = Schema<"ClarificationItem">;
export type Question = Schema<"QuestionAnswer">;
/** Null: skipped. */
export type Given = string | string[] | null;
export type Pending = Readonly<Record<string, Given>>;

const SLUG_MOST_CHARS = 63;

/** Open questions first seen, with what was answered here laid over them: the next one is asked at once. */
export function waitingOf(session: Session, pending: Pending): Question[] {
  return session.questions.filter((one) => !(one.id in pending));
}

/** What was said so far, in the order of asking. Those of the round that is open may still be changed. */
export function saidOf(session: Session, pending: Pending): { question: Question; mayChange: boolean }[] {
  const isOpen = session.status === "clarifying" && session.task === null;
  const here = session.questions.filter((one) => one.id in pending).map((one) => given(one, pending[one.id] ?? null));
  return [...session.answered.map((one) => (one.id in pending ? given(one, pending[one.id] ?? null) : one)), ...here]
    .sort((a, b) => a.round - b.round || a.id.localeCompare(b.id, "en", { numeric: true }))
    .map((question) => ({ question, mayChange: isOpen && question.round === session.round }));
}

function given(question: Question, answer: Given): Question {
  return { ...question, answer, status: answer === null ? "skipped" : "answered" };
}

/** What was answered here and the session does not say yet. */
export function unheard(session: Session, pending: Pending): Pending {
  const known = new Map([...session.questions, ...session.answered].map((one) => [one.id, one]));
  const left = Object.entries(pending).filter(([id, answer]) => {
    const one = known.get(id);
    return one !== undefined && (one.status === "open" || JSON.stringify(one.answer) !== JSON.stringify(answer));
  });
  return Object.fromEntries(left);
}

/** The newer of two readings: answers may come in another order than they were asked for. */
export function newer<T extends { revision: number }>(before: T | undefined, now: T): T {
  return before && before.revision > now.revision ? before : now;
}

export function inWords(answer: Given): string {
  return answer === null ? "skipped" : Array.isArray(answer) ? answer.join(", ") : answer;
}

/** Where the session stands, in one line. */
export function standing({ status, task, round, rounds_most: most }: Pick<SessionItem, "status" | "task" | "round" | "rounds_most">, left: number): string {
  if (task === "write") return "The prompt is being written";
  if (task === "ask" || status === "pending") return round === 0 ? "The first questions are being written" : "The next questions are being written";
  if (status === "clarifying") return left === 0 ? "Your answers are on their way" : `Round ${round} of at most ${most}, ${left === 1 ? "1 question" : `${left} questions`} left`;
  return { ready: "Everything was asked", finalized: "The prompt is written", failed: "The prompt could not be written", expired: "Nobody came back in time" }[status] ?? status;
}

/** A name that an application can call, out of any words: "Where is my parcel?" becomes "where-is-my-parcel". */
export function slugOf(words: string): string {
  return words
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_MOST_CHARS)
    .replace(/^-+|-+$/g, "");
}

/** The beginning of a text, for a heading or a row. */
export function beginning(text: string, most = 90): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length <= most ? line : `${line.slice(0, most - 1).trimEnd()}…`;
}
