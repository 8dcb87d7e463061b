import { expect, it } from "vitest";
import { type Question, type Session, inWords, newer, saidOf, slugOf, standing, unheard, waitingOf } from "./goal";

const question = (id: string, round: number, more: Partial<Question> = {}): Question => ({ id, round, text: id, type: "text", options: [], suggestions: [], status: "open", answer: null, ...more });
const session = (more: Partial<Session> = {}): Session => ({ status: "clarifying", task: null, round: 1, rounds_most: 3, questions: [question("q1_1", 1), question("q1_2", 1)], answered: [], revision: 1, ...more }) as Session;

it("asks the next question while the answer to the one before is on its way", () => {
  const pending = { q1_1: "Customers" };
  expect(waitingOf(session(), pending).map((one) => one.id)).toEqual(["q1_2"]);
  expect(saidOf(session(), pending)).toMatchObject([{ question: { id: "q1_1", answer: "Customers", status: "answered" }, mayChange: true }]);
});

it("lets what the round that is open was answered be changed, and nothing before it", () => {
  const later = session({ round: 2, questions: [question("q2_2", 2)], answered: [question("q1_1", 1, { status: "answered", answer: "a" }), question("q2_1", 2, { status: "skipped" })] });
  expect(saidOf(later, {}).map((one) => [one.question.id, one.mayChange])).toEqual([["q1_1", false], ["q2_1", true]]);
  expect(saidOf({ ...later, task: "ask" }, {}).every((one) => !one.mayChange)).toBe(true);
});

it("forgets what was answered here once the session says it", () => {
  const heard = session({ questions: [question("q1_2", 1)], answered: [question("q1_1", 1, { status: "answered", answer: ["a", "b"] })] });
  expect(unheard(heard, { q1_1: ["a", "b"], q1_2: null })).toEqual({ q1_2: null });
  expect(unheard(heard, { q1_1: ["a"] })).toEqual({ q1_1: ["a"] });
});

it("keeps the newer of two readings", () => {
  expect(newer({ revision: 4 }, { revision: 3 })).toEqual({ revision: 4 });
  expect(newer({ revision: 4 }, { revision: 4, x: 1 } as { revision: number })).toHaveProperty("x");
});

it("says in words what was given, and where it stands", () => {
  expect([inWords(null), inWords(["a", "b"]), inWords("c")]).toEqual(["skipped", "a, b", "c"]);
  expect(standing(session(), 2)).toBe("Round 1 of at most 3, 2 questions left");
  expect(standing(session({ status: "pending", round: 0, task: "ask" }), 0)).toBe("The first questions are being written");
});

it("makes a name that an application can call", () => {
  expect(slugOf("Where is my Parcel, für Ärzte?")).toBe("where-is-my-parcel-fur-arzte");
  expect(slugOf("?".repeat(9))).toBe("");
  expect(slugOf("a ".repeat(80)).length).toBeLessThanOrEqual(63);
});
