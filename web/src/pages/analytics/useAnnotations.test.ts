import { expect, it } from "vitest";
import { eventsOf } from "./useAnnotations";

it("tells of an experiment when it began and when it ended, and not of a draft", () => {
  const one = { name: "Shorter", prompt: "tickets", started_at: "2026-11-20T10:00:00Z", completed_at: "2026-11-21T10:00:00Z" };
  expect(eventsOf(one, true)).toEqual([
    { x: Date.parse(one.started_at), label: "tickets: Shorter started" },
    { x: Date.parse(one.completed_at), label: "tickets: Shorter ended" },
  ]);
  expect(eventsOf({ ...one, completed_at: null }, false)).toEqual([{ x: Date.parse(one.started_at), label: "Shorter started" }]);
  expect(eventsOf({ ...one, started_at: null, completed_at: null }, false)).toEqual([]);
});
