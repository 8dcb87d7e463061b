import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { Cards } from "./Cards";

afterEach(cleanup);

const SIDE = 3;

/** Three in a line, as in a wide window. */
function show(names: readonly string[]) {
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockImplementation(function place(this: HTMLElement) {
    const at = [...(this.parentElement?.children ?? [])].indexOf(this);
    return { top: Math.floor(at / SIDE) * 140, left: (at % SIDE) * 300 } as DOMRect;
  });
  return (
    <Cards label="Templates">
      {names.map((name) => (
        <li key={name}>
          <a href={`/${name}`}>{name}</a>
          <button type="button">simulated</button>
        </li>
      ))}
    </Cards>
  );
}

const stops = () => [...document.querySelectorAll<HTMLElement>("a, button")].filter((one) => one.tabIndex === 0).map((one) => one.textContent);
const press = (key: string) => {
  fireEvent.keyDown(document.activeElement!, { key });
  return document.activeElement?.textContent;
};

it("has one card among the stops of Tab, with all that is in it, and goes to the others by the arrow keys", () => {
  render(show(["a", "b", "c", "d", "e"]));
  expect(stops()).toEqual(["a", "simulated"]);
  act(() => screen.getByRole("link", { name: "a" }).focus());
  expect(["ArrowRight", "ArrowDown", "ArrowUp", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowLeft", "ArrowLeft"].map(press)).toEqual(["b", "e", "b", "c", "e", "e", "d", "c"]);
  expect(stops()).toEqual(["c", "simulated"]);
});

it("takes cards that come later along, and goes on from the first where the one that had the focus is gone", async () => {
  const { rerender } = render(show(["a", "b"]));
  act(() => screen.getByRole("link", { name: "b" }).focus());
  rerender(show(["a", "c", "d"]));
  await vi.waitFor(() => expect(stops()).toEqual(["a", "simulated"]));
});

it("leaves a single card as it is", () => {
  render(show(["a"]));
  expect([stops(), screen.queryByText(/arrow keys/)]).toEqual([["a", "simulated"], null]);
});
