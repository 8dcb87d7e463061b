import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { useMoreFilters } from "./MoreFilters";

afterEach(cleanup);

function Both({ holding }: { holding: number }) {
  const { button, row } = useMoreFilters(holding, <input aria-label="Model" />);
  return (
    <>
      {button}
      {row}
    </>
  );
}

it("keeps filters away until they are asked for, and says so", () => {
  render(<Both holding={0} />);
  const button = screen.getByRole("button", { name: "More filters" });
  expect(button.getAttribute("aria-expanded")).toBe("false");
  expect(screen.queryByLabelText("Model")).toBeNull();
  fireEvent.click(button);
  expect(screen.getByRole("group", { name: "More filters" }).id).toBe(button.getAttribute("aria-controls"));
});

it("stays while somebody is in it, also when the last one is cleared to be written anew", () => {
  const { rerender } = render(<><Both holding={1} /><button type="button">Elsewhere</button></>);
  screen.getByLabelText("Model").focus();
  rerender(<><Both holding={0} /><button type="button">Elsewhere</button></>);
  expect(screen.getByLabelText("Model")).toBe(document.activeElement);
  act(() => screen.getByText("Elsewhere").focus());
  expect(screen.queryByLabelText("Model")).toBeNull();
});

it("shows them while one holds, also one that a link set", () => {
  render(<Both holding={2} />);
  expect(screen.getByLabelText("Model")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: /More filters.*2.*in use/ }));
  expect(screen.queryByLabelText("Model")).toBeNull();
});
