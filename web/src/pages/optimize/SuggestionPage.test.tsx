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
