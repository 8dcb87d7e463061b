import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { beside, keepFocus } from "./keep-focus";

let end: () => void;

beforeEach(() => {
  document.body.innerHTML = `<main tabindex="-1"><p><button id="new">New</button></p>
    <ul><li><button id="a">a</button></li><li><button id="b">b</button><a href="#x" id="more">more</a></li><li><button id="c">c</button></li></ul></main>`;
  end = keepFocus();
});

afterEach(() => {
  end();
  document.body.innerHTML = "";
});

const by = (id: string) => document.getElementById(id) as HTMLElement;
const has = () => document.activeElement?.id ?? "";
const settled = () => vi.waitFor(() => expect(document.activeElement).not.toBe(document.body));

/** Gone as in a browser: nobody has the focus then. */
function take(element: Element) {
  (document.activeElement as HTMLElement | null)?.blur();
  element.remove();
}

it.each([
  ["b", "c"],
  ["more", "c"],
  ["c", "more"],
])("goes on from %s, whose item is gone, to %s", async (gone, next) => {
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  by(gone).focus();
  take(by(gone).closest("li") as Element);
  await settled();
  expect(has()).toBe(next);
});

it("goes to the page where nothing is left beside it", async () => {
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  by("b").focus();
  by("new").remove();
  take(document.querySelector("ul") as Element);
  await settled();
  expect(document.activeElement).toBe(document.querySelector("main"));
});

it("goes to the page from a layer that lay over it: what stands before that in the document is no neighbour", async () => {
  document.body.insertAdjacentHTML("beforeend", `<div role="dialog" data-state="open" id="layer"><a href="#x" id="within">Open the dataset</a></div>`);
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  by("within").focus();
  take(by("layer"));
  await settled();
  expect(document.activeElement).toBe(document.querySelector("main"));
});

it("leaves the focus where somebody puts it, and of who points leaves it alone", async () => {
  const frames = () => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(then))));
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  by("b").focus();
  take(by("b").closest("li") as Element);
  by("new").focus();
  await frames();
  expect(has()).toBe("new");
  document.dispatchEvent(new Event("pointerdown"));
  by("a").focus();
  take(by("a").closest("li") as Element);
  await frames();
  expect(document.activeElement).toBe(document.body);
});

it("knows no place of what never had the focus", () => {
  expect(beside(by("a"))).toBeNull();
});
