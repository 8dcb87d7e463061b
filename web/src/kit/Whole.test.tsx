import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Whole } from "./Whole";

const NAME = "a name that is far longer than its place";
/** What is so wide in a place of 50. */
const WIDE = 400;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(50);
  vi.spyOn(HTMLElement.prototype, "scrollWidth", "get").mockImplementation(function (this: HTMLElement) {
    return this.textContent.length > 20 ? WIDE : 50;
  });
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockImplementation(function (this: HTMLElement) {
    return new DOMRect(this.dataset["x"] ? Number(this.dataset["x"]) : 0, 0, 50, 20);
  });
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const cut = { textOverflow: "ellipsis", overflowX: "hidden" } as const;
const shown = () => document.querySelector("[data-whole]")?.textContent ?? null;
const waits = (ms: number) => act(() => vi.advanceTimersByTime(ms));
const point = (target: Element, x = 10) => fireEvent.pointerMove(target, { clientX: x, clientY: 10, pointerType: "mouse" });

function Row({ short = false }: { short?: boolean }) {
  return (
    <table>
      <tbody>
        <tr>
          <td>
            <a href="#row" data-row>
              Opens
            </a>
          </td>
          <td>
            <span data-x="100" style={cut}>
              {short ? "short" : NAME}
            </span>
          </td>
          <td>
            <span data-x="200" style={cut} title="says it itself">
              {NAME}
            </span>
          </td>
        </tr>
      </tbody>
    </table>
  );
}

it("shows all of what is cut off where the pointer rests, by its place where a link lies over it", () => {
  render(<><Row /><Whole /></>); // prettier-ignore
  const link = screen.getByRole("link");
  point(link, 110);
  expect(shown()).toBeNull();
  waits(400);
  expect(shown()).toBe(NAME);
  fireEvent.keyDown(document.body, { key: "Escape" });
  waits(1);
  expect(shown()).toBeNull();
  point(link, 110);
  waits(400);
  // Onto the words themselves they stay; beside them they go.
  point(document.querySelector("[data-whole]") as Element);
  waits(1_000);
  expect(shown()).toBe(NAME);
  point(document.body, 500);
  waits(1_000);
  expect(shown()).toBeNull();
  point(link, 210);
  waits(1_000);
  expect(shown(), "what has a title has it").toBeNull();
});

it("shows nothing of what is there as a whole", () => {
  render(<><Row short /><Whole /></>); // prettier-ignore
  point(screen.getByRole("link"), 110);
  waits(1_000);
  expect(shown()).toBeNull();
});

it("shows it to whoever comes to the row by the keys, until they go on", () => {
  const real = Element.prototype.matches;
  vi.spyOn(Element.prototype, "matches").mockImplementation(function (this: Element, given: string) {
    return given === ":focus-visible" ? this === document.activeElement : real.call(this, given);
  });
  render(<><Row /><button type="button">Next</button><Whole /></>); // prettier-ignore
  act(() => screen.getByRole("link").focus());
  waits(1);
  expect(shown()).toBe(NAME);
  act(() => screen.getByRole("button").focus());
  waits(1);
  expect(shown()).toBeNull();
});

it("shows it at a tap on what does nothing else", () => {
  render(<><p style={cut}>{NAME}</p><button type="button" style={cut}>{NAME} too</button><Whole /></>); // prettier-ignore
  fireEvent.pointerDown(screen.getByRole("button"), { pointerType: "touch" });
  waits(1);
  expect(shown()).toBeNull();
  fireEvent.pointerDown(screen.getByText(NAME), { pointerType: "touch" });
  waits(1);
  expect(shown()).toBe(NAME);
});
