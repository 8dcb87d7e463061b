import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PagedTable, Table } from "./Table";

type Watched = { element: Element; tell: (isSeen: boolean) => void };
let watched: Watched[] = [];

beforeEach(() => {
  watched = [];
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      #heard: IntersectionObserverCallback;
      constructor(heard: IntersectionObserverCallback) {
        this.#heard = heard;
      }
      observe(element: Element) {
        watched.push({ element, tell: (isIntersecting) => this.#heard([{ isIntersecting } as IntersectionObserverEntry], this as never) });
      }
      disconnect() {}
    },
  );
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const rows = (n: number) => Array.from({ length: n }, (_, at) => `row ${at}`);
const table = (n: number) => <Table label="Many" columns={[{ key: "name", head: "Name", cell: (row: string) => row }]} rows={rows(n)} rowKey={(row) => row} onOpen={() => undefined} />;
const tell = (part: number, isSeen: boolean) => act(() => watched[part]?.tell(isSeen));

it("has every row of a short list in the document", () => {
  render(table(100));
  expect([screen.getAllByRole("button").length, watched.length]).toEqual([100, 0]);
});

it("has of a long list what is near the window, says how long it is, and keeps what has the focus", () => {
  render(table(1_000));
  expect([watched.length, screen.getByRole("table").getAttribute("aria-rowcount")]).toEqual([20, "1001"]);
  for (let part = 0; part < 20; part++) tell(part, part === 0);
  expect(screen.getAllByRole("button")).toHaveLength(50);
  tell(7, true);
  expect(screen.getByText("row 350").closest("tr")?.getAttribute("aria-rowindex")).toBe("352");
  const focused = screen.getByRole("button", { name: "row 3" });
  act(() => focused.focus());
  tell(0, false);
  tell(7, false);
  expect(screen.getAllByRole("button"), "with the part beside it").toHaveLength(100);
  fireEvent.keyDown(focused, { key: "ArrowDown" });
  expect(document.activeElement?.textContent).toBe("row 4");
  act(() => (document.activeElement as HTMLElement).blur());
  expect(screen.queryAllByRole("button")).toHaveLength(0);
});

it("has all rows of a long list on paper", () => {
  render(table(1_000));
  for (let part = 0; part < 20; part++) tell(part, part === 0);
  act(() => void dispatchEvent(new Event("beforeprint")));
  expect(screen.getAllByRole("button")).toHaveLength(1_000);
  act(() => void dispatchEvent(new Event("afterprint")));
  expect(screen.getAllByRole("button")).toHaveLength(50);
});

it("goes by keys from part to part although none of them is near the window", () => {
  render(table(1_000));
  for (let part = 0; part < 20; part++) tell(part, part === 7);
  act(() => screen.getByRole("button", { name: "row 352" }).focus());
  tell(7, false);
  for (const key of ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp"]) fireEvent.keyDown(document.activeElement as HTMLElement, { key });
  expect(document.activeElement?.textContent).toBe("row 348");
  for (let press = 0; press < 60; press++) fireEvent.keyDown(document.activeElement as HTMLElement, { key: "ArrowUp" });
  expect(document.activeElement?.textContent).toBe("row 288");
  expect(screen.getAllByRole("button").length).toBeLessThanOrEqual(150);
});

function Chosen({ opened }: { opened: (row: string) => void }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  return (
    <>
      <output>{[...chosen].sort().join(", ")}</output>
      <Table label="Few" columns={[{ key: "name", head: "Name", cell: (row: string) => row }]} rows={rows(6)} rowKey={(row) => row} onOpen={opened} choice={{ chosen, onChange: setChosen, name: (row) => row }} />
    </>
  );
}

it("has rows chosen one by one, with Shift up to the one before, and all of them", () => {
  const opened = vi.fn();
  render(<Chosen opened={opened} />);
  const said = () => screen.getByRole("status").textContent;
  const box = (name: string) => screen.getByRole<HTMLInputElement>("checkbox", { name });
  const all = box("Choose all that are listed");
  fireEvent.click(box("Choose row 1"));
  expect([said(), all.indeterminate, all.checked]).toEqual(["row 1", true, false]);
  fireEvent.click(box("Choose row 4"), { shiftKey: true });
  expect(said()).toBe("row 1, row 2, row 3, row 4");
  fireEvent.click(box("Choose row 3"), { shiftKey: true });
  expect(said(), "taking away goes the same way").toBe("row 1, row 2");
  fireEvent.click(all);
  expect([said(), all.indeterminate, all.checked]).toEqual(["row 0, row 1, row 2, row 3, row 4, row 5", false, true]);
  fireEvent.click(all);
  expect([said(), opened.mock.calls.length]).toEqual(["", 0]);
});

it("has rows chosen by keys, where Enter opens them", () => {
  render(<Chosen opened={() => undefined} />);
  const said = () => screen.getByRole("status").textContent;
  const press = (key: string, more = {}) => fireEvent.keyDown(document.activeElement as HTMLElement, { key, ...more });
  act(() => screen.getByRole("button", { name: "row 1" }).focus());
  press("x");
  expect(said()).toBe("row 1");
  press("ArrowDown", { shiftKey: true });
  press("ArrowDown", { shiftKey: true });
  press("ArrowDown");
  expect([said(), document.activeElement?.textContent]).toEqual(["row 1, row 2, row 3", "row 4"]);
  press("x", { ctrlKey: true });
  press("ArrowUp");
  press("x");
  expect(said()).toBe("row 1, row 2");
});

it("says of what is asked for now nothing by the empty list of what was asked for before", () => {
  const pages = (isStale: boolean) => ({ rows: [], error: null, isPending: false, isStale, hasMore: false, isLoadingMore: false, loadMore: () => undefined, retry: () => undefined });
  const list = (isStale: boolean) => <PagedTable label="Alerts" columns={[{ key: "name", head: "Name", cell: (row: string) => row }]} pages={pages(isStale)} rowKey={(row) => row} empty={<p>Nothing is wrong</p>} />;
  const { rerender } = render(list(true));
  expect(screen.queryByText("Nothing is wrong")).toBeNull();
  screen.getByRole("status", { name: "Loading" });
  rerender(list(false));
  screen.getByText("Nothing is wrong");
});

it("tells who does not see what other filters found, and nothing of what was there or comes by itself", () => {
  const list = (names: string[], isStale = false, hasMore = false) => <PagedTable label="Alerts" columns={[{ key: "name", head: "Name", cell: (row: string) => row }]} pages={{ rows: names, error: null, isPending: false, isStale, hasMore, isLoadingMore: false, loadMore: () => undefined, retry: () => undefined }} rowKey={(row) => row} empty={<p>Nothing is wrong</p>} />; // prettier-ignore
  const { rerender, container } = render(list(["a", "b"]));
  const region = container.querySelector("[aria-live]")!;
  expect(region.textContent).toBe("");
  for (const [found, hasMore, words] of [[["a"], false, "1 found"], [["a", "b"], true, "2 found, and there are more"], [[], false, "None found"], [["c"], false, "1 found"]] as const) {
    rerender(list(["a", "b"], true));
    expect(region.textContent).toBe("");
    rerender(list([...found], false, hasMore));
    expect(region.textContent).toBe(words);
  }
  rerender(list(["c", "d"]));
  expect(region.textContent).toBe("1 found");
  expect(container.contains(region)).toBe(true);
});

it("offers to look further back where a page is empty and more may follow", () => {
  const loadMore = vi.fn();
  const pages = { rows: [], error: null, isPending: false, isStale: false, hasMore: true, isLoadingMore: false, loadMore, retry: () => undefined };
  render(<PagedTable label="Runs" columns={[{ key: "name", head: "Name", cell: (row: string) => row }]} pages={pages} rowKey={(row) => row} empty={<p>No run matches</p>} />);
  expect(screen.queryByText("No run matches")).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Look further" }));
  expect(loadMore).toHaveBeenCalledOnce();
});

const stops = () => [...document.querySelectorAll<HTMLElement>("a, button, input")].filter((one) => one.tabIndex >= 0).map((one) => one.getAttribute("aria-label") ?? one.textContent);
const withActs = (names: readonly string[], selected: string | null = null) => (
  <Table
    label="Acts"
    columns={[
      { key: "name", head: "Name", cell: (row: string) => row },
      { key: "act", head: "Act", cell: (row: string) => <><a href="#there">Go to {row}</a><button type="button" aria-haspopup="menu">More of {row}</button></> }, // prettier-ignore
    ]}
    rows={names}
    rowKey={(row) => row}
    onOpen={() => undefined}
    selected={selected}
  />
);

it("has one row at a time among the stops of Tab, with what stands in it", async () => {
  const { rerender } = render(withActs(rows(50)));
  expect(stops()).toEqual(["row 0", "Go to row 0", "More of row 0"]);
  act(() => screen.getByRole("button", { name: "row 0" }).focus());
  fireEvent.keyDown(document.activeElement as HTMLElement, { key: "ArrowDown" });
  expect([document.activeElement?.textContent, stops()]).toEqual(["row 1", ["row 1", "Go to row 1", "More of row 1"]]);
  // From a link to the one below it; on what opens a menu the arrow is its own.
  act(() => screen.getByText("Go to row 1").focus());
  fireEvent.keyDown(document.activeElement as HTMLElement, { key: "ArrowDown" });
  expect(document.activeElement?.textContent).toBe("Go to row 2");
  act(() => screen.getByText("More of row 2").focus());
  fireEvent.keyDown(document.activeElement as HTMLElement, { key: "ArrowDown" });
  expect(document.activeElement?.textContent).toBe("More of row 2");
  fireEvent.keyDown(document.activeElement as HTMLElement, { key: "k" });
  expect([document.activeElement?.textContent, stops().length]).toEqual(["More of row 1", 3]);
  // The row goes, and rows come.
  rerender(withActs(["new", ...rows(50).slice(2)]));
  await vi.waitFor(() => expect(stops()).toEqual(["new", "Go to new", "More of new"]));
  cleanup();
  render(withActs(rows(50), "row 7"));
  expect(stops(), "the chosen one").toEqual(["row 7", "Go to row 7", "More of row 7"]);
});

it("says how to go from row to row, where there are some", () => {
  render(withActs(rows(2)));
  expect(document.getElementById(screen.getByRole("table").getAttribute("aria-describedby") ?? "")?.textContent).toBe("The arrow keys go from row to row.");
  cleanup();
  render(withActs(rows(1)));
  expect(screen.getByRole("table").getAttribute("aria-describedby")).toBeNull();
});

it("leaves a short list of what does not open as it is, and of a long one has one row among the stops, but none that only a menu opens", () => {
  const list = (n: number, cell: (row: string) => React.ReactNode) => <Table label="Acts" columns={[{ key: "act", head: "Act", cell }]} rows={rows(n)} rowKey={(row) => row} />;
  const undo = (row: string) => <button type="button">Undo {row}</button>;
  render(list(10, undo));
  expect(stops()).toHaveLength(10);
  cleanup();
  render(list(11, undo));
  expect(stops()).toEqual(["Undo row 0"]);
  act(() => screen.getByText("Undo row 0").focus());
  fireEvent.keyDown(document.activeElement as HTMLElement, { key: "ArrowDown" });
  expect([document.activeElement?.textContent, stops()]).toEqual(["Undo row 1", ["Undo row 1"]]);
  cleanup();
  render(list(11, (row) => <button type="button" aria-haspopup="menu">More of {row}</button>)); // prettier-ignore
  expect(stops()).toHaveLength(11);
});

it("is a stop itself where it scrolls sideways and holds nothing that is one", () => {
  let look = () => undefined as void;
  class Watch {
    constructor(heard: () => void) {
      look = heard;
    }
    observe() {}
    disconnect() {}
  }
  vi.stubGlobal("ResizeObserver", Watch);
  const wide = vi.spyOn(HTMLElement.prototype, "scrollWidth", "get").mockReturnValue(900);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(300);
  const plain = (cell: (row: string) => React.ReactNode) => <Table label="Figures" columns={[{ key: "name", head: "Name", cell }]} rows={rows(2)} rowKey={(row) => row} />;
  const { rerender } = render(plain((row) => row));
  const frame = () => screen.getByRole("table").parentElement;
  act(() => look());
  expect([frame()?.tabIndex, frame()?.getAttribute("aria-label")]).toEqual([0, "Figures, which scroll sideways"]);
  rerender(plain((row) => <a href="/there">{row}</a>));
  act(() => look());
  expect(frame()?.tabIndex, "the links in it scroll it").toBe(-1);
  rerender(plain((row) => row));
  wide.mockReturnValue(300);
  act(() => look());
  expect(frame()?.tabIndex, "all of it is to be seen").toBe(-1);
});
