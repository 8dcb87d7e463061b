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

/** What a MutationObserver is told of, it is told of after the turn. */
const settled = () => act(() => new Promise((done) => setTimeout(done, 1)));

it("has the first line as its stop until another had the focus, whatever comes above it", async () => {
  const from = (first: number) => <Lines label="Edits">{names(12).slice(first).map((name) => <li key={name}><Checkbox label={name} /></li>)}</Lines>;
  const { rerender } = render(from(4));
  expect(stops()).toEqual(["edit 4"]);
  rerender(from(2));
  await settled();
  expect(stops()).toEqual(["edit 2"]);
  act(() => screen.getByLabelText("edit 5").focus());
  rerender(from(0));
  await settled();
  expect(stops()).toEqual(["edit 5"]);
});

it("goes by what can be chosen now: a line that comes to be off is no stop, one that comes to be on no second one", async () => {
  const able = (off: readonly number[]) => <Lines label="Edits">{names(6).map((name, at) => <li key={name}><Checkbox label={name} disabled={off.includes(at)} /></li>)}</Lines>;
  const open = () => stops().filter((name) => !(screen.getByLabelText(name!) as HTMLInputElement).disabled);
  const { rerender } = render(able([0, 3]));
  expect(open()).toEqual(["edit 1"]);
  act(() => screen.getByLabelText("edit 2").focus());
  act(() => screen.getByLabelText("edit 2").blur());
  rerender(able([2]));
  await settled();
  expect(open()).toEqual(["edit 0"]);
  rerender(able([]));
  await settled();
  expect(open()).toEqual(["edit 0"]);
});

it("follows what is shown once that changes elsewhere, and not while the focus is in it", async () => {
  const shown = (which: number) => <Lines label="Versions">{names(6).map((name, at) => <li key={name}><button type="button" aria-current={at === which ? "true" : undefined}>{name}</button></li>)}</Lines>;
  const stop = () => screen.getAllByRole("button").filter((one) => one.tabIndex === 0).map((one) => one.textContent);
  const { rerender } = render(shown(3));
  act(() => screen.getByText("edit 5").focus());
  rerender(shown(1));
  await settled();
  expect(stop()).toEqual(["edit 5"]);
  act(() => screen.getByText("edit 5").blur());
  rerender(shown(2));
  await settled();
  expect(stop()).toEqual(["edit 2"]);
});

it("counts lines that stand beside one another, and none where there is nothing", () => {
  const more = (count: number) => (
    <Lines label="Edits">
      {null}
      <li><Checkbox label="the first" /></li>
      {names(count).map((name) => <li key={name}><Checkbox label={name} /></li>)}
    </Lines>
  );
  render(more(4));
  expect(stops()).toEqual(["the first"]);
  cleanup();
  render(more(3));
  expect(stops()).toEqual(["the first", "edit 0", "edit 1", "edit 2"]);
});

it("leaves a few lines as they are", () => {
  render(show(3));
  expect([stops(), screen.queryByText(/arrow keys/)]).toEqual([["edit 0", "edit 1", "edit 2", "edit 2"], null]);
});
