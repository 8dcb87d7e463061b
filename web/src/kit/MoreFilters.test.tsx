import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { FilterBar, useMoreFilters } from "./MoreFilters";

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

it("folds all filters behind one button where the window is narrow, which says how many hold", () => {
  render(<FilterBar holding={2} search={<input aria-label="Words" />} filters={<input aria-label="Model" />}><button type="button">Act</button></FilterBar>);
  const button = screen.getByRole("button", { name: /^Filters 2 in use$/ });
  const folds = document.getElementById(button.getAttribute("aria-controls") ?? "");
  expect(button.getAttribute("aria-expanded")).toBe("false");
  expect(folds?.contains(screen.getByLabelText("Model"))).toBe(true);
  expect(folds?.className).toContain("max-sm:hidden");
  expect(screen.getByLabelText("Words").closest(".max-sm\\:hidden")).toBeNull();
  expect(screen.getByText("Act").closest(".max-sm\\:hidden")).toBeNull();
  fireEvent.click(button);
  expect(button.getAttribute("aria-expanded")).toBe("true");
  expect(folds?.className).not.toContain("hidden");
});
