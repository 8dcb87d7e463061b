import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { Dialog, Drawer } from "@/kit/Dialog";
import { preloadFloats } from "@/kit/floats";

beforeAll(preloadFloats);
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** An iPhone's: its keyboard lies over the window, and only this part of it is seen. */
function phone() {
  const seen = Object.assign(new EventTarget(), { scale: 1, offsetTop: 0, height: 844 });
  vi.stubGlobal("innerHeight", 844);
  vi.stubGlobal("visualViewport", seen);
  const become = (next: Partial<typeof seen>) => act(() => void Object.assign(seen, next).dispatchEvent(new Event("resize")));
  return become;
}

it("keeps a dialog, and what is pressed at its foot, above the keyboard", () => {
  const become = phone();
  render(<Dialog open onOpenChange={() => undefined} title="New">{"text"}</Dialog>);
  const dialog = screen.getByRole("dialog");
  expect(dialog.style.maxHeight).toBe("");
  become({ height: 480, offsetTop: 20 });
  expect([dialog.style.top, dialog.style.maxHeight]).toEqual(["28px", "464px"]);
  become({ height: 844, offsetTop: 0 });
  expect([dialog.style.top, dialog.style.maxHeight]).toEqual(["", ""]);
});

it("makes a drawer as high as what is seen", () => {
  const become = phone();
  render(<Drawer open onOpenChange={() => undefined} title="Run">{"text"}</Drawer>);
  become({ height: 480 });
  expect(screen.getByRole("dialog").style).toMatchObject({ top: "0px", height: "480px", bottom: "auto" });
});

it("leaves everything where it is for who enlarges the page with two fingers, and for bars of the browser", () => {
  const become = phone();
  render(<Dialog open onOpenChange={() => undefined} title="New">{"text"}</Dialog>);
  become({ height: 400, scale: 2 });
  expect(screen.getByRole("dialog").style.maxHeight).toBe("");
  become({ height: 780, scale: 1 });
  expect(screen.getByRole("dialog").style.maxHeight).toBe("");
});
