import { act, cleanup, render, screen } from "@testing-library/react";
import { Suspense } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { later } from "./later";

let reload: ReturnType<typeof vi.fn>;

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  reload = vi.fn();
  vi.spyOn(window.location, "reload").mockImplementation(reload as never);
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A part whose file is not there any more, though Burnish answers: what stands there. */
async function open(status = 200) {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null, { status }));
  const Gone = later(() => Promise.reject(new TypeError("Failed to fetch dynamically imported module")));
  await act(async () => {
    render(
      <Suspense fallback={null}>
        <Gone />
      </Suspense>,
    );
    await vi.advanceTimersByTimeAsync(10);
  });
}

it("loads the new release, and not again within a minute where that did not help", async () => {
  await open();
  expect(screen.getByText("This part could not be loaded")).toBeTruthy();
  expect(reload).toHaveBeenCalledTimes(1);
  cleanup();
  await vi.advanceTimersByTimeAsync(59_000);
  await open();
  expect(reload).toHaveBeenCalledTimes(1);
  cleanup();
  await vi.advanceTimersByTimeAsync(2_000);
  await open();
  expect(reload).toHaveBeenCalledTimes(2);
});

it("loads nothing anew by itself where it could not remember that it did", async () => {
  const refuses = () => {
    throw new DOMException("switched off", "SecurityError");
  };
  vi.stubGlobal("sessionStorage", { getItem: refuses, setItem: refuses });
  await open();
  expect(reload).not.toHaveBeenCalled();
  act(() => screen.getByRole("button", { name: "Load the page again" }).click());
  expect(reload).toHaveBeenCalledTimes(1);
});

it("waits for a connection where Burnish does not answer, and loads nothing anew", async () => {
  await open(502);
  expect(screen.getByText("No connection")).toBeTruthy();
  expect(reload).not.toHaveBeenCalled();
});
