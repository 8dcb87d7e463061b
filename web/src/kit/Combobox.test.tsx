import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { useHotkey } from "@/shell/keys";
import { Combobox } from "./Combobox";
import { Dialog } from "./Dialog";
import { Menu } from "./Menu";
import { DialogFrame, preloadFloats } from "./floats";
import { fieldsOf } from "./form-texts";

vi.mock("@tanstack/react-router", () => ({ useNavigate: () => () => undefined }));

const shown = new WeakSet<Element>();
const focus = HTMLElement.prototype.focus;

beforeAll(preloadFloats);
// As in a browser: what lies in a popover that is not shown yet takes no focus.
beforeEach(() => {
  HTMLElement.prototype.showPopover = function show() {
    shown.add(this);
  };
  vi.spyOn(HTMLElement.prototype, "focus").mockImplementation(function only(this: HTMLElement, options) {
    const popover = this.closest("[popover]");
    if (!popover || shown.has(popover)) focus.call(this, options);
  });
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  Reflect.deleteProperty(HTMLElement.prototype, "showPopover");
});

function Model({ heard }: { heard: () => void }) {
  const [value, setValue] = useState<string | null>(null);
  useHotkey("n", heard);
  return (
    <>
      <Combobox label="Model" value={value} onChange={setValue} choices={[{ value: "a", label: "Alpha" }, { value: "b", label: "Beta" }]} />
      <Menu label="Theme" items={[{ label: "Light", checked: false, onSelect: () => undefined }, { label: "Dark", checked: true, onSelect: () => undefined }, { label: "Sign out", onSelect: () => undefined }]} />
      <button type="button">Beside it</button>
    </>
  );
}

const press = (key: string) => fireEvent.keyDown(document.activeElement as Element, { key });

it("takes the focus when it opens, so that one is chosen by the keyboard alone", () => {
  render(<Model heard={() => undefined} />);
  const button = screen.getByRole("button", { name: /^Model/ });
  act(() => button.focus());
  fireEvent.click(button);
  expect(document.activeElement).toBe(screen.getByRole("combobox"));
  press("ArrowDown");
  press("Enter");
  expect([button.getAttribute("aria-label"), document.activeElement]).toEqual(["Model: Beta", button]);
});

it("keeps letters from the page while a list lies over it, wherever the focus is", () => {
  const heard = vi.fn();
  render(<Model heard={heard} />);
  const button = screen.getByRole("button", { name: /^Model/ });
  fireEvent.click(button);
  fireEvent.keyDown(button, { key: "n" });
  expect(heard).not.toHaveBeenCalled();
  press("Escape");
  fireEvent.keyDown(button, { key: "n" });
  expect(heard).toHaveBeenCalledTimes(1);
});

it("says which of a menu is chosen, and goes through those by keys too", () => {
  render(<Model heard={() => undefined} />);
  fireEvent.keyDown(screen.getByRole("button", { name: "Theme" }), { key: "ArrowDown" });
  expect(screen.getAllByRole("menuitemradio").map((one) => [one.textContent, one.getAttribute("aria-checked")])).toEqual([["Light", "false"], ["Dark", "true"]]);
  press("ArrowDown");
  expect(document.activeElement?.textContent).toBe("Dark");
  press("End");
  expect(document.activeElement).toBe(screen.getByRole("menuitem", { name: "Sign out" }));
});

it("stands at the first of what the API found, not at what was first before or at choosing none", () => {
  const all = ["tidy", "reply-long", "reply"].map((slug) => ({ value: slug, label: slug }));
  const taken = vi.fn();
  function Prompt() {
    const [choices, setChoices] = useState(all);
    return <Combobox label="Prompt" value={null} clear="All prompts" choices={choices} onChange={taken} onSearch={(typed) => typed === "reply" && setTimeout(() => setChoices([all[2]!, all[1]!]))} />;
  }
  vi.useFakeTimers();
  render(<Prompt />);
  fireEvent.click(screen.getByRole("button", { name: /^Prompt/ }));
  fireEvent.change(screen.getByRole("combobox"), { target: { value: "reply" } });
  act(() => vi.runAllTimers());
  vi.useRealTimers();
  press("Enter");
  expect(taken.mock.calls).toEqual([["reply"]]);
});

it("says that a dialog is coming, which keeps the letters and goes by Escape", async () => {
  vi.resetModules();
  let arrive: (part: { default: () => null }) => void = () => undefined;
  vi.doMock("./float/DialogFrame", () => new Promise((resolve) => (arrive = resolve)));
  const { Dialog: Late } = (await import("./Dialog")) as { Dialog: typeof Dialog };
  const onOpenChange = vi.fn();
  expect(DialogFrame.isHere()).toBe(true);
  await act(async () => {
    render(<Late open onOpenChange={onOpenChange} title="New">words</Late>);
  });
  expect(screen.getByRole("dialog").textContent).toBe("Opening…");
  expect(document.activeElement).toBe(screen.getByRole("dialog"));
  press("Escape");
  expect(onOpenChange.mock.calls).toEqual([[false]]);
  arrive({ default: () => null });
  vi.doUnmock("./float/DialogFrame");
});

it("has nothing put back into it while it is off", () => {
  const chooser = (disabled: boolean) => (
    <form aria-label="Form">
      <Combobox label="Model" value="a" choices={[{ value: "a", label: "A" }]} onChange={() => undefined} disabled={disabled} />
    </form>
  );
  const shown = render(chooser(false));
  expect(fieldsOf(screen.getByRole("form")).map(({ value }) => value)).toEqual(["a"]);
  shown.rerender(chooser(true));
  expect(fieldsOf(screen.getByRole("form"))).toEqual([]);
});
