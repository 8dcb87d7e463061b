import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { Combobox } from "./Combobox";
import { Dialog } from "./Dialog";
import { Menu } from "./Menu";
import { Tabs } from "./Tabs";
import { Tooltip } from "./Tooltip";
import { preloadFloats } from "./floats";

beforeAll(preloadFloats);
afterEach(cleanup);

const names = () => screen.queryAllByRole("menuitem").map((one) => one.textContent);
const here = () => document.activeElement?.textContent;
const press = (key: string) => fireEvent.keyDown(document.activeElement as Element, { key });

// The first here: after another one it would be there at once. That may have been in another file, which shares this process.
it("says its sentence under the pointer after a moment, and goes by Escape", async () => {
  render(
    <Tooltip text="Only an admin may.">
      <button type="button">Delete</button>
    </Tooltip>,
  );
  const button = screen.getByRole("button");
  const later = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 1_000);
  fireEvent.pointerEnter(button, { pointerType: "mouse" });
  later.mockRestore();
  expect(screen.queryByRole("tooltip")).toBeNull();
  const said = await screen.findByRole("tooltip");
  expect([said.textContent, button.getAttribute("aria-describedby")]).toEqual(["Only an admin may.", said.id]);
  fireEvent.keyDown(button, { key: "Escape" });
  await waitFor(() => expect([screen.queryByRole("tooltip"), button.getAttribute("aria-describedby")]).toEqual([null, null]));
});

it("goes through the acts by keys, skips what is off, and gives the focus back", () => {
  const chosen = vi.fn();
  render(
    <Menu
      label="More"
      items={[{ label: "Rename", onSelect: () => chosen("rename") }, { label: "Off", disabled: true, onSelect: () => chosen("off") }, "-", { heading: "Danger" }, { label: "Delete", onSelect: () => chosen("delete", document.activeElement?.getAttribute("aria-label")) }]}
    />,
  );
  const button = screen.getByRole("button", { name: "More" });
  button.focus();
  fireEvent.keyDown(button, { key: "ArrowDown" });
  expect([button.getAttribute("aria-expanded"), names(), here()]).toEqual(["true", ["Rename", "Off", "Delete"], "Rename"]);
  press("ArrowDown");
  expect(here()).toBe("Delete");
  press("ArrowDown");
  press("Home");
  press("d");
  expect(here()).toBe("Delete");
  press("Escape");
  expect([names(), document.activeElement]).toEqual([[], button]);
  fireEvent.click(button);
  fireEvent.click(screen.getByRole("menuitem", { name: "Off" }));
  fireEvent.click(screen.getByRole("menuitem", { name: "Delete" }));
  expect(chosen.mock.calls, "the focus is back before the act, which may open a dialog").toEqual([["delete", "More"]]);
  expect(names()).toEqual([]);
});

it("closes by a press beside it, and leaves the focus where that went", () => {
  render(
    <>
      <Menu label="More" items={[{ label: "Rename", onSelect: () => undefined }]} />
      <button type="button">Elsewhere</button>
    </>,
  );
  fireEvent.click(screen.getByRole("button", { name: "More" }));
  expect(names()).toEqual(["Rename"]);
  const elsewhere = screen.getByRole("button", { name: "Elsewhere" });
  fireEvent.pointerDown(elsewhere);
  elsewhere.focus();
  expect([names(), here()]).toEqual([[], "Elsewhere"]);
});

function InDialog({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const [value, setValue] = useState<string | null>(null);
  return (
    <Dialog open onOpenChange={onOpenChange} title="New">
      <Combobox label="Prompt" value={value} onChange={setValue} choices={[{ value: "a", label: "Alpha" }, { value: "b", label: "Beta" }]} />
    </Dialog>
  );
}

it("finds and takes one of many; Escape closes the list, and not the dialog around it", () => {
  const onOpenChange = vi.fn();
  render(<InDialog onOpenChange={onOpenChange} />);
  const button = screen.getByRole("button", { name: /^Prompt/ });
  fireEvent.click(button);
  press("Escape");
  expect([screen.queryByRole("combobox"), onOpenChange.mock.calls, document.activeElement]).toEqual([null, [], button]);
  fireEvent.click(button);
  fireEvent.change(screen.getByRole("combobox"), { target: { value: "bet" } });
  fireEvent.click(screen.getByRole("option", { name: "Beta" }));
  expect([button.getAttribute("aria-label"), screen.queryByRole("combobox")]).toEqual(["Prompt: Beta", null]);
  press("Escape");
  expect(onOpenChange.mock.calls).toEqual([[false]]);
});

function Two() {
  const [tab, setTab] = useState<"one" | "two">("one");
  return <Tabs label="Parts" value={tab} onChange={setTab} tabs={[{ id: "one", label: "One", content: "first" }, { id: "two", label: "Two", content: "second" }]} />;
}

it("chooses tabs by the arrow keys, and only the chosen one is a stop", () => {
  render(<Two />);
  screen.getByRole("tab", { name: "One" }).focus();
  press("ArrowRight");
  expect([here(), screen.getByRole("tabpanel", { name: "Two" }).textContent]).toEqual(["Two", "second"]);
  press("ArrowRight");
  expect(here()).toBe("One");
  press("End");
  expect(screen.getAllByRole("tab").map((one) => [one.getAttribute("aria-selected"), one.tabIndex])).toEqual([["false", -1], ["true", 0]]);
});
