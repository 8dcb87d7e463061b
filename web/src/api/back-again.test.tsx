import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useBackAgain } from "./back-again";
import { usePages, useRead } from "./hooks";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function Shown() {
  useBackAgain();
  const list = usePages("/v1/datasets", { query: { q: "a" } });
  const gone = useRead("/v1/alerts");
  return <p>{`${list.error ? "out" : list.isPending ? "reads" : `${list.rows.length} rows`}, ${gone.error?.status ?? "none"}`}</p>;
}

it("reads what could not be read once its service is back, shows nothing else meanwhile, and asks for nothing that is refused", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const asked: string[] = [];
  let isOut = true;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const { pathname, search } = new URL((given as Request).url);
    asked.push(pathname + search);
    if (pathname === "/v1/alerts") return Response.json({ error: { code: "forbidden", message: "Not yours.", retryable: false } }, { status: 403 });
    return isOut ? Response.json({ error: { code: "unavailable", message: "Out.", retryable: true } }, { status: 503 }) : Response.json({ data: [{ id: "a" }], next_cursor: null });
  });
  const shown = new Set<string>();
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <Shown />
    </QueryClientProvider>,
  );
  await screen.findByText("out, 403");
  const look = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
  for (const waits of [5_000, 10_000]) {
    await look(waits);
    shown.add(document.body.textContent ?? "");
  }
  expect([...shown]).toEqual(["out, 403"]);
  expect(asked.filter((one) => one === "/v1/datasets?q=a")).toHaveLength(3);
  isOut = false;
  await look(20_000);
  await screen.findByText("1 rows, 403");
  const before = asked.length;
  await look(20_000);
  expect(asked).toHaveLength(before);
  expect(asked.filter((one) => one === "/v1/alerts")).toHaveLength(1);
});
