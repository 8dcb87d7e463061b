import { afterEach, expect, it, vi } from "vitest";
import { afterFirstAct } from "./floats";

afterEach(() => vi.useRealTimers());

it("comes once, with the first act or when it was quiet for long enough, and not after it was called off", () => {
  vi.useFakeTimers();
  const preload = vi.fn();
  afterFirstAct(preload, 4_000);
  window.dispatchEvent(new Event("pointermove"));
  window.dispatchEvent(new Event("keydown"));
  vi.advanceTimersByTime(10_000);
  expect(preload).toHaveBeenCalledTimes(1);
  afterFirstAct(preload, 4_000);
  vi.advanceTimersByTime(3_999);
  expect(preload).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(preload).toHaveBeenCalledTimes(2);
  afterFirstAct(preload, 4_000)();
  window.dispatchEvent(new Event("keydown"));
  vi.advanceTimersByTime(10_000);
  expect(preload).toHaveBeenCalledTimes(2);
});
