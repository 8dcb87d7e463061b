import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { Checkbox } from "./Field";
import { Lines } from "./Lines";

afterEach(cleanup);

const names = (count: number) => Array.from({ length: count }, (_, at) => `edit ${at}`);
const show = (count: number, full = false) => (
  <Lines label="Edits">
    {names(count).map((name, at) => (
      <li key={name}>
        <Checkbox label={name} disabled={full && at === 1} />
        {at === 2 ? <input aria-label="Expected answer" /> : null}
      </li>
    ))}
  </Lines>
);

const focused = () => document.activeElement?.closest("li")?.textContent;
const stops = () => [...document.querySelectorAll("input")].filter((one) => one.tabIndex === 0).map((one) => one.closest("li")?.textContent);
const press = (key: string) => {
  fireEvent.keyDown(document.activeElement!, { key });
  return focused();
};

it("has one line among the stops of Tab, and goes to the others by the arrow keys, Home and End", () => {
  render(show(40));
  expect(stops()).toEqual(["edit 0"]);
  act(() => screen.getByLabelText("edit 0").focus());
  expect(["ArrowDown", "ArrowDown", "End", "ArrowDown", "ArrowUp", "Home", "ArrowUp"].map(press)).toEqual(["edit 1", "edit 2", "edit 39", "edit 39", "edit 38", "edit 0", "edit 0"]);
  act(() => screen.getByLabelText("edit 7").focus());
  expect(stops()).toEqual(["edit 7"]);
  expect(screen.getByRole("list", { description: /arrow keys/ })).toBeTruthy();
});

it("goes past a line that cannot be chosen, and leaves keys in a text to the text", () => {
  render(show(6, true));
  act(() => screen.getByLabelText("edit 0").focus());
  expect(press("ArrowDown")).toBe("edit 2");
  act(() => screen.getByLabelText("Expected answer").focus());
  expect([press("Home"), press("ArrowDown"), document.activeElement?.getAttribute("aria-label")]).toEqual(["edit 2", "edit 2", "Expected answer"]);
});

it("begins with the line that is shown", () => {
  render(
    <Lines label="Versions" ordered>
      {names(6).map((name, at) => (
        <li key={name}>
          <button type="button" aria-current={at === 3 ? "true" : undefined}>
            {name}
          </button>
        </li>
      ))}
    </Lines>,
  );
  expect(screen.getAllByRole("button").filter((one) => one.tabIndex === 0).map((one) => one.textContent)).toEqual(["edit 3"]);
});

it("leaves a few lines as they are", () => {
  render(show(3));
  expect([stops(), screen.queryByText(/arrow keys/)]).toEqual([["edit 0", "edit 1", "edit 2", "edit 2"], null]);
});
