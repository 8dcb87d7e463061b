import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "@/api/errors";
import "@/lib/format";
import { announce, dismissAll, toast, toastError } from "./Toast";
import Toasts from "./Toasts";

beforeEach(() => void vi.useFakeTimers());

afterEach(() => {
  act(dismissAll);
  cleanup();
  vi.useRealTimers();
});

const isThere = () => screen.queryByText("It is moved") !== null;
const wait = (ms: number) => act(() => void vi.advanceTimersByTime(ms));

function show() {
  render(<Toasts />);
  act(() => void toast("It is moved", { label: "Undo", run: () => undefined }));
}

it("goes away by itself", () => {
  show();
  wait(9_900);
  expect(isThere()).toBe(true);
  wait(200);
  expect(isThere()).toBe(false);
});

it.each([
  ["pointed at", () => fireEvent.mouseOver(screen.getByText("It is moved")), () => fireEvent.mouseLeave(screen.getByLabelText("Messages"))],
  ["reached by the keys", () => screen.getByText("Undo").focus(), () => screen.getByText("Undo").blur()],
])("waits while it is %s", (_, come, go) => {
  show();
  act(come);
  wait(60_000);
  expect(isThere()).toBe(true);
  act(go);
  wait(9_900);
  expect(isThere()).toBe(true);
  wait(200);
  expect(isThere()).toBe(false);
});

it("does not hold the next one for what was pressed and is gone", () => {
  show();
  act(() => screen.getByText("Undo").focus());
  fireEvent.click(screen.getByText("Undo"));
  act(() => void toast("It is moved"));
  wait(5_100);
  expect(isThere()).toBe(false);
});

it("takes what was said away with the messages: the next person's page does not begin with it", () => {
  show();
  act(() => announce("A chip is taken out"));
  expect(screen.getByLabelText("Messages").textContent).toContain("A chip is taken out");
  act(dismissAll);
  expect(screen.getByLabelText("Messages").textContent).toBe("");
});

it("says an amount of an error in dollars, as the page around it does", () => {
  render(<Toasts />);
  act(() => void toastError(new ApiError(402, { message: "This call may cost up to 12.5000 credits and 1.0000 are available. Add credit." })));
  expect(screen.getByText("This call may cost up to $0.13 and $0.01 are available. Add credit.")).toBeTruthy();
});

describe("by keys", () => {
  function beginElsewhere(html: string) {
    document.body.insertAdjacentHTML("beforeend", `<main id="elsewhere">${html}</main>`);
    const begin = document.querySelector<HTMLElement>("#elsewhere :is(button, input)");
    begin?.focus();
    return begin;
  }
  const press = (key: string, more = {}) => fireEvent.keyDown(document.activeElement ?? document.body, { key, ...more });
  const undone = vi.fn();

  beforeEach(() => {
    undone.mockClear();
    render(<Toasts />);
  });
  afterEach(() => document.querySelector("#elsewhere")?.remove());

  const tell = (text: string, label = "Undo") => act(() => void toast(text, { label, run: () => undone(text) }));

  it("leads F8 to the newest act and back, and says so to who hears the message", () => {
    const begin = beginElsewhere("<button>Row</button>");
    tell("The first is moved");
    tell("The second is moved");
    act(() => void toast("It is copied"));
    expect(screen.getByLabelText("Messages").textContent).toContain("Press F8 to go to Undo.");
    act(() => void press("F8"));
    expect(document.activeElement).toBe(screen.getAllByText("Undo")[1]);
    act(() => void press("F8"));
    expect(document.activeElement).toBe(begin);
  });

  it("gives the focus back once it is pressed, and by Escape", () => {
    const begin = beginElsewhere("<input>");
    tell("It is moved");
    act(() => void press("F8"));
    act(() => void press("Escape"));
    expect(document.activeElement).toBe(begin);
    act(() => void press("F8"));
    fireEvent.click(screen.getByText("Undo"));
    expect(undone).toHaveBeenCalledOnce();
    expect(document.activeElement).toBe(begin);
  });

  it("leaves the focus alone of who clicked beside the messages before they go", () => {
    beginElsewhere("<button>Row</button>");
    tell("It is moved");
    act(() => void press("F8"));
    act(() => (document.activeElement as HTMLElement).blur());
    fireEvent.click(screen.getByLabelText("Close this message"));
    expect(document.activeElement).toBe(document.body);
  });

  it("knows the way back still where the window was left meanwhile", () => {
    const begin = beginElsewhere("<button>Row</button>");
    tell("It is moved");
    act(() => void press("F8"));
    const undo = document.activeElement as HTMLElement;
    // A window that is left and comes back blurs and focuses what has the focus, which stays the active element.
    act(() => void fireEvent.focusOut(undo));
    act(() => void fireEvent.focusIn(undo));
    act(() => void press("Escape"));
    expect(document.activeElement).toBe(begin);
  });

  it("takes the newest Undo by Ctrl+Z, and leaves it to a field where one is written", () => {
    beginElsewhere("<input>");
    tell("It is moved");
    tell("It is saved", "Look at it");
    act(() => void press("z", { ctrlKey: true }));
    expect(undone).not.toHaveBeenCalled();
    act(() => (document.activeElement as HTMLElement).blur());
    act(() => void press("z", { ctrlKey: true }));
    expect(undone).toHaveBeenCalledExactlyOnceWith("It is moved");
    act(() => void press("z", { ctrlKey: true }));
    expect(undone).toHaveBeenCalledOnce();
  });
});
