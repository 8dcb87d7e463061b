import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, slowApi } from "@/api/slow.fake";
import Agreement from "./Agreement";

vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useLocation: () => "/", useSearch: () => ({}) }));
vi.mock("@/api/choices", () => ({ usePromptChoices: () => ({ choices: [], onSearch: () => undefined }) }));

const NOTHING = { n: 0, agreement: null, kappa: null, confusion: { passed_good: 0, passed_bad: 0, failed_good: 0, failed_bad: 0 }, split: 0, scores_looked_at: 0, few: true, simulated: false };
const BEFORE = { ...NOTHING, evaluator_version: 1, scores_looked_at: 3, simulated: true };

function shown(before: object | null) {
  slowApi({ "GET /v1/evaluators/e/agreement": { ...NOTHING, evaluator_id: "e", evaluator_version: 2, prompt: null, before } });
  render(
    <Queries>
      <Agreement evaluator={{ id: "e", version: 2 } as never} />
    </Queries>,
  );
}

it("tells of the version before as of another one, and that its figures are simulated", async () => {
  shown({ ...BEFORE, n: 100, agreement: { value: 0.9, low: 0.8, high: 0.95 }, confusion: { passed_good: 60, passed_bad: 8, failed_good: 2, failed_bad: 30 }, few: false });
  await screen.findByText("v2 has scored nothing yet");
  screen.getByText(/^v1 scored before it\. Of 100 answers that both looked at, .* That says nothing of v2\.$/);
  screen.getByRole("button", { name: "Look at v1" });
  screen.getByText(/simulated/i);
});

it("says of the version before that nobody has said a word of what it scored", async () => {
  shown(BEFORE);
  await screen.findByText("v1 scored 3 answers before it, and no person has said a word of them. That says nothing of v2.");
});

it("has no version before to tell of, and nothing simulated", async () => {
  shown(null);
  await screen.findByText("Nobody can say yet");
  expect(screen.queryByText(/simulated/i)).toBeNull();
});
