import { act, renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { useKeys } from "./use-keys";

it("leaves those behind the one that is taken out theirs, and gives none twice", () => {
  const { result, rerender } = renderHook(({ length }) => useKeys(length), { initialProps: { length: 3 } });
  const [first, second, third] = result.current.keys;
  act(() => result.current.without(1));
  rerender({ length: 2 });
  expect(result.current.keys).toEqual([first, third]);
  rerender({ length: 3 });
  expect(result.current.keys.slice(0, 2)).toEqual([first, third]);
  expect(new Set([first, second, third, result.current.keys[2]]).size).toBe(4);
  rerender({ length: 1 });
  expect(result.current.keys).toEqual([first]);
});
