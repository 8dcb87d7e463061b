import { act, renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { useDraftOver } from "./draft-over";

const form = (saved: string) => renderHook(({ of }) => useDraftOver(of), { initialProps: { of: saved } });

it("follows what is saved while nothing is typed", () => {
  const { result, rerender } = form("a");
  rerender({ of: "b" });
  expect(result.current).toMatchObject({ base: "b", draft: "b", isBehind: false });
});

it("keeps what is typed where somebody else saves, and says so until it is taken or saved over", () => {
  const { result, rerender } = form("a");
  act(() => result.current.set("mine"));
  rerender({ of: "theirs" });
  expect(result.current).toMatchObject({ base: "a", draft: "mine", isBehind: true });
  rerender({ of: "a" });
  expect(result.current.isBehind).toBe(false);
  rerender({ of: "theirs" });
  act(() => result.current.takeNewest());
  expect(result.current).toMatchObject({ base: "theirs", draft: "theirs", isBehind: false });
  act(() => result.current.set("mine"));
  act(() => result.current.settle("mine"));
  expect(result.current).toMatchObject({ base: "mine", draft: "mine", isBehind: false });
});

it("does not take one’s own save for somebody else’s, also where one goes on typing", () => {
  const { result, rerender } = form("a");
  act(() => result.current.set(" b "));
  const { settle } = result.current;
  act(() => result.current.set(" b c"));
  act(() => settle("b"));
  expect(result.current).toMatchObject({ base: "b", draft: " b c", isBehind: false });
  rerender({ of: "b" });
  expect(result.current).toMatchObject({ base: "b", draft: " b c", isBehind: false });
});

it("does not fall back to the old while the new is read", () => {
  const { result, rerender } = form("a");
  act(() => result.current.set(" b "));
  act(() => result.current.settle("b"));
  expect(result.current.draft).toBe("b");
  rerender({ of: "a" });
  expect(result.current.draft).toBe("b");
  rerender({ of: "b" });
  expect(result.current).toMatchObject({ base: "b", draft: "b", isBehind: false });
});
