import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Decision } from "./SuggestionPage";

vi.mock("@tanstack/react-router", async () => import("../../kit/link.fake"));
vi.mock("@/api/authors", () => ({ useAuthors: () => (author: string) => author }));

const open = { id: "s", prompt: "p", status: "open", rollout_refused: null, rollout_warning: null, decided_by: null };

it("says before anybody accepts it that a rollout of it would be taken back", () => {
  const { rerender } = render(<Decision suggestion={open as never} />);
  expect(screen.queryByText(/taken back/)).toBeNull();
  rerender(<Decision suggestion={{ ...open, rollout_warning: "It costs more." } as never} />);
  screen.getByText("A guarded rollout of it would be taken back.");
});

it("says that the policy began no rollout because it would be taken back", () => {
  render(<Decision suggestion={{ ...open, rollout_refused: { code: "would_be_taken_back", message: "It costs more.", at: "2026-11-01T08:00:00Z" } } as never} />);
  screen.getByText("The policy did not begin a rollout: it would be taken back.");
  screen.getByText(/with a wider guardrail/);
});
