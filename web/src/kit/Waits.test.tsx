import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { Waits } from "./Waits";

vi.mock("@tanstack/react-router", async () => import("./link.fake"));
afterEach(cleanup);

it.each([
  ["earlier_search", /one after the other/],
  ["free_place", /works on others/],
  ["optimizer", /burnish status/],
])("says what %s means, and that it starts by itself", (of, said) => {
  const { container } = render(<Waits of={of} prompt="triage" />);
  expect(container.textContent).toMatch(said);
  expect(container.textContent).toContain("by itself");
});

it("leads to the searches of the prompt", () => {
  render(<Waits of="earlier_search" prompt="triage" />);
  expect(screen.getByRole("link", { name: "searches of triage" })).toBeTruthy();
});

it("says nothing where somebody works on it", () => {
  expect(render(<Waits of={null} prompt="triage" />).container.textContent).toBe("");
});
