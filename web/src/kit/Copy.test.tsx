import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { CopyButton } from "./Copy";
import { Dialog } from "./Dialog";
import { dismissAll } from "./Toast";
import Toasts from "./Toasts";
import { preloadFloats } from "./floats";

let copied: string[];
let area: HTMLTextAreaElement | null;

beforeAll(preloadFloats);
beforeEach(() => {
  act(dismissAll); // Files of tests that run together share the messages.
  copied = [];
  area = null;
});
afterEach(() => {
  act(dismissAll);
  cleanup();
  Reflect.deleteProperty(document, "execCommand");
});

/** What the browser has: a clipboard that takes it, one that refuses it, or none at all, as over plain http. */
function browser({ clipboard, command }: { clipboard: "takes" | "refuses" | "none"; command: boolean }) {
  const writeText = async (text: string) => {
    if (clipboard === "refuses") throw new DOMException("no", "NotAllowedError");
    copied.push(text);
  };
  vi.stubGlobal("navigator", { ...navigator, onLine: true, clipboard: clipboard === "none" ? undefined : { writeText } });
  const execCommand = () => {
    area = document.activeElement as HTMLTextAreaElement;
    if (command) copied.push(area.value);
    return command;
  };
  Object.defineProperty(document, "execCommand", { value: execCommand, configurable: true });
}

function show(onCopied = vi.fn()) {
  render(
    <>
      <CopyButton text="abc" label="Copy the id" onCopied={onCopied} />
      <Toasts />
    </>,
  );
  return onCopied;
}

async function press() {
  const button = screen.getByRole("button", { name: "Copy the id" });
  button.focus();
  await act(async () => void fireEvent.click(button));
  return button;
}

const messages = () => screen.getByLabelText("Messages").textContent;

it.each([
  { clipboard: "takes", command: false },
  { clipboard: "refuses", command: true },
  { clipboard: "none", command: true },
] as const)("says that it is copied where the browser has %o, and the focus stays where it was", async (has) => {
  browser(has);
  const onCopied = show();
  const button = await press();
  expect([copied, button.getAttribute("aria-label"), screen.getByRole("status").textContent, messages(), onCopied.mock.calls.length]).toEqual([["abc"], "Copied", "Copied", "", 1]);
  expect([document.activeElement, document.querySelector("textarea")]).toEqual([button, null]);
});

it.each(["refuses", "none"] as const)("says that nothing was copied where the clipboard is %s and the old way fails too", async (clipboard) => {
  browser({ clipboard, command: false });
  const onCopied = show();
  const button = await press();
  expect(messages()).toContain("Your browser lets this page copy nothing. Select the text and copy it by the keyboard.");
  expect([copied, button.getAttribute("aria-label"), screen.getByRole("status").textContent, onCopied.mock.calls.length, document.activeElement]).toEqual([[], "Copy the id", "", 0, button]);
});

it("says so where there is no way to copy at all", async () => {
  browser({ clipboard: "none", command: false });
  Reflect.deleteProperty(document, "execCommand");
  show();
  await press();
  expect([messages()?.includes("copy nothing"), document.querySelector("textarea")]).toEqual([true, null]);
});

it("copies from within the dialog that it stands in, which would take the focus back otherwise", async () => {
  browser({ clipboard: "none", command: true });
  render(
    <Dialog open onOpenChange={() => undefined} title="Key">
      <CopyButton text="abc" label="Copy the id" />
    </Dialog>,
  );
  const within = vi.fn();
  screen.getByRole("dialog").addEventListener("focusin", (event) => within((event.target as Element).tagName));
  const button = await press();
  expect([area?.tagName, within.mock.calls.flat().includes("TEXTAREA"), document.activeElement]).toEqual(["TEXTAREA", true, button]);
});
