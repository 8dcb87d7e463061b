import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { Tabs } from "./Tabs";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const WIDE = 100;
const IDS = ["a", "b", "c", "d", "e"] as const;

/** As a browser would lay them out in a strip of three tabs' width, by how far it is scrolled. */
function laidOut() {
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockImplementation(function (this: HTMLElement) {
    const at = IDS.findIndex((id) => id === this.dataset["tab"]);
    const left = at < 0 ? 0 : at * WIDE - (this.parentElement?.scrollLeft ?? 0);
    return { left, right: left + (at < 0 ? 3 * WIDE : WIDE) } as DOMRect;
  });
}

function tabs(value: (typeof IDS)[number]) {
  return <Tabs label="All" value={value} onChange={() => undefined} tabs={IDS.map((id) => ({ id, label: id, content: id }))} />;
}

it("brings the chosen tab into sight, and scrolls nothing else", () => {
  laidOut();
  const around = vi.spyOn(window, "scrollTo").mockImplementation(() => undefined);
  const shown = render(tabs("e"));
  const strip = screen.getByRole("tablist");
  expect(strip.scrollLeft).toBe(216);
  shown.rerender(tabs("d"));
  expect(strip.scrollLeft).toBe(216);
  shown.rerender(tabs("b"));
  expect(strip.scrollLeft).toBe(84);
  expect(document.documentElement.scrollTop).toBe(0);
  expect(around).not.toHaveBeenCalled();
});

it("shows the first where the address names one that is not offered, such as an operator's, and the keys reach it", () => {
  render(<Tabs label="All" value={"operators" as (typeof IDS)[number]} onChange={() => undefined} tabs={IDS.map((id) => ({ id, label: id, content: `of ${id}` }))} />);
  expect(screen.getByRole("tabpanel").textContent).toBe("of a");
  expect(screen.getByRole("tab", { selected: true })).toMatchObject({ tabIndex: 0, textContent: "a" });
});
