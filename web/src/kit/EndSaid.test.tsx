import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { EndSaid } from "./EndSaid";

const said = () => screen.getByRole("status").textContent;

it("says how it ended once it does, and nothing of what had ended before", () => {
  const { rerender, unmount } = render(<EndSaid end={null} />);
  expect(said()).toBe("");
  rerender(<EndSaid end="The search is completed." />);
  expect(said()).toBe("The search is completed.");
  unmount();
  render(<EndSaid end="The search is completed." />);
  expect(said()).toBe("");
});
