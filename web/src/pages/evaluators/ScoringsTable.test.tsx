import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { ScoringsTable } from "./ScoringsTable";

vi.mock("@tanstack/react-router", async () => ({ Link: (await import("../../kit/link.fake")).Link, useNavigate: () => () => undefined }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true }), needs: () => "" }));
beforeAll(preloadFloats);

const WANTED = { from: null, to: null, labels: [], newest: 50, filters: {}, prompts: ["letters"] };
const scoring = { id: "s1", evaluator: "helpful", evaluator_id: "e1", evaluator_version: 1, kind: "llm_judge", paused_because: null, wanted: WANTED, total: 30, waiting: 30, scored: 0, passed: 0, no_scores: 0, dropped: 0, mean: null, limit_nusd: 4_000_000_000, spent_nusd: 480_000_000, held_nusd: 3_000_000_000, simulated: false };

const shown = (changed: object) => {
  slowApi({ "GET /v1/scorings": { data: [{ ...scoring, ...changed }], next_cursor: null } });
  render(
    <Queries>
      <ScoringsTable evaluator={null} />
    </Queries>,
  );
};

it("tells what is spent apart from what is held for calls under way", async () => {
  shown({ status: "running" });
  await screen.findByText("$0.48 of $4.00");
  screen.getByText("$3.00 held");
});

it.each([
  ["says before a cancellation that judges at work are paid", 3_000_000_000, true],
  ["says nothing of judges where none is at work", 0, false],
])("%s", async (_, held_nusd, said) => {
  shown({ status: "paused", held_nusd });
  await screen.findByText("helpful v1");
  fireEvent.click(screen.getByRole("button", { name: /What to do with/ }));
  fireEvent.click(screen.getByText("Cancel"));
  await screen.findByRole("button", { name: "Cancel the scoring" });
  expect(screen.queryByText(/paid all the same/) !== null).toBe(said);
});

it("asks again while something is held, also where it is over: what is spent is not known before", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    shown({ status: "cancelled" });
    await screen.findByText("$3.00 held");
    const before = vi.mocked(fetch).mock.calls.length;
    await vi.advanceTimersByTimeAsync(2_500);
    expect(vi.mocked(fetch).mock.calls.length).toBeGreaterThan(before);
  } finally {
    vi.useRealTimers();
  }
});
