import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook, waitFor } from "@testing-library/react";
import { type ReactNode, createElement } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { closeUp, useCourse } from "./course";

const at = (hour: string, executions = 3) => ({ at: `2026-11-20T${hour}:00:00Z`, executions });
const NOW = Date.parse("2026-11-20T15:20:00Z");

it("looks closer where everything lies within two hours", () => {
  const near = closeUp([at("09", 0), at("13"), at("14")], NOW);
  expect(near).toEqual({ fromMs: Date.parse("2026-11-20T13:00:00Z"), toMs: Date.parse("2026-11-20T15:00:00Z"), grain: "minute", stepMs: 60_000 });
});

it("shows the time as it was asked for where there is more, nothing, or only what is old", () => {
  expect(closeUp([at("11"), at("14")], NOW)).toBeNull();
  expect(closeUp([at("11", 0)], NOW)).toBeNull();
  expect(closeUp([], NOW)).toBeNull();
  expect(closeUp([at("14")], NOW + 48 * 3_600_000)).toBeNull();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("does not look closer at the busiest groups where others ran at another time", async () => {
  vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    asked.push(new URL((given as Request).url).searchParams.get("grain") ?? "");
    return Response.json({ data: [at("14")], others: asked.length === 1 ? [at("06")] : [], is_whole: false });
  });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => createElement(QueryClientProvider, { client }, children);
  const span = { fromMs: NOW - 86_400_000, toMs: NOW, grain: "hour" as const, stepMs: 3_600_000, from: "2026-11-19T15:20:00Z" };
  const { result } = renderHook(() => useCourse({ group_by: "prompt", groups: 1 }, span), { wrapper });
  await waitFor(() => expect(result.current.of.data).toBeDefined());
  expect([result.current.isNear, asked]).toEqual([false, ["hour"]]);
  await result.current.of.refetch();
  await waitFor(() => expect(result.current.isNear).toBe(true));
});
