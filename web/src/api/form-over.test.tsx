import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, it, vi } from "vitest";
import { rebased, useFormOver } from "./form-over";

const over = (readNow: (() => Promise<{ name: string; size: number }>) | null) =>
  renderHook(() => useFormOver({ name: "a", size: 1 }, readNow), { wrapper: ({ children }: { children: ReactNode }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> });

it("takes in what somebody else changed where nothing was typed, and keeps what was typed", () => {
  const base = { name: "a", size: 1, tags: ["x"] };
  expect(rebased(base, { ...base, name: "mine" }, { ...base, size: 2 })).toEqual({ draft: { name: "mine", size: 2, tags: ["x"] }, isApart: false });
  expect(rebased(base, { ...base, name: "mine" }, { ...base, name: "theirs" })).toEqual({ draft: { ...base, name: "mine" }, isApart: true });
  expect(rebased(base, { ...base, tags: ["y"] }, { ...base, tags: ["y"] })).toEqual({ draft: { ...base, tags: ["y"] }, isApart: false });
});

it("sends at once where nobody changed it, and what is made anew", async () => {
  const sent = vi.fn();
  const same = over(() => Promise.resolve({ name: "a", size: 1 }));
  act(() => same.result.current.change({ name: "b" }));
  act(() => same.result.current.send(sent));
  await waitFor(() => expect(sent).toHaveBeenCalledWith({ name: "b", size: 1 }));
  const anew = over(null);
  act(() => anew.result.current.send(sent));
  await waitFor(() => expect(sent).toHaveBeenLastCalledWith({ name: "a", size: 1 }));
});

it("sends nothing over what it has not shown, and everything at the next press", async () => {
  const sent = vi.fn();
  const { result } = over(() => Promise.resolve({ name: "theirs", size: 2 }));
  act(() => result.current.change({ name: "mine" }));
  act(() => result.current.send(sent));
  await waitFor(() => expect(result.current.news).toBe("apart"));
  expect(sent).not.toHaveBeenCalled();
  expect(result.current.draft).toEqual({ name: "mine", size: 2 });
  act(() => result.current.send(sent));
  await waitFor(() => expect(sent).toHaveBeenCalledWith({ name: "mine", size: 2 }));
});

it("gives up what was typed for what is there", async () => {
  const { result } = over(() => Promise.resolve({ name: "a", size: 2 }));
  act(() => result.current.change({ name: "mine" }));
  act(() => result.current.send(() => undefined));
  await waitFor(() => expect(result.current.news).toBe("beside"));
  act(() => result.current.takeTheirs());
  expect(result.current).toMatchObject({ draft: { name: "a", size: 2 }, news: null });
});

it("says why it could not look, and sends nothing", async () => {
  const sent = vi.fn();
  const { result } = over(() => Promise.reject(new Error("away")));
  act(() => result.current.send(sent));
  await waitFor(() => expect(result.current.fault).toEqual(new Error("away")));
  expect(sent).not.toHaveBeenCalled();
});

type Saved = { name: string; size: number };

function useStaying({ saved }: { saved: Saved }) {
  const kept = useFormOver({ name: "a", size: 1 }, null);
  kept.follow(saved);
  return kept;
}

const staying = (saved: Saved) => renderHook(useStaying, { initialProps: { saved }, wrapper: ({ children }: { children: ReactNode }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> });

it("of a form that stays: takes in what is read anew where nothing is typed, and leaves what is typed for the next look", () => {
  const { result, rerender } = staying({ name: "a", size: 1 });
  rerender({ saved: { name: "b", size: 1 } });
  expect(result.current).toMatchObject({ base: { name: "b" }, draft: { name: "b", size: 1 } });
  act(() => result.current.change({ size: 5 }));
  rerender({ saved: { name: "c", size: 2 } });
  expect(result.current).toMatchObject({ base: { name: "b", size: 1 }, draft: { name: "b", size: 5 } });
});

it("of a form that stays: goes on from what was saved, and keeps what was typed since", () => {
  const { result, rerender } = staying({ name: "a", size: 1 });
  act(() => result.current.change({ name: " mine " }));
  const sent = result.current.draft;
  act(() => result.current.change({ size: 7 }));
  act(() => result.current.settle({ name: "mine", size: 1 }, sent));
  expect(result.current).toMatchObject({ base: { name: "mine", size: 1 }, draft: { name: "mine", size: 7 }, news: null });
  rerender({ saved: { name: "mine", size: 1 } });
  expect(result.current.draft).toEqual({ name: "mine", size: 7 });
});

it("has nothing left to save where somebody else saved just what was typed", () => {
  const { result } = over(null);
  act(() => result.current.change({ name: "same" }));
  act(() => result.current.follow({ name: "same", size: 1 }));
  expect(result.current.draft).toEqual(result.current.base);
});
