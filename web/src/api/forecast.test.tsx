import { QueryClient } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { useForecast } from "./forecast";
import { Queries, asking, slowApi } from "./slow.fake";

it("is on its way also where there is none before it: nobody starts without having seen what it costs", async () => {
  const asked = slowApi();
  const client = new QueryClient();
  const { result } = renderHook(() => useForecast("/v1/test-runs/forecast", { prompt: "a" }), { wrapper: ({ children }) => <Queries of={client}>{children}</Queries> });
  const forecast = await asking(asked, "POST", "/v1/test-runs/forecast");
  expect([result.current.isStale, result.current.data]).toEqual([true, undefined]);
  await forecast.answer({ items: 3 });
  await vi.waitFor(() => expect([result.current.isStale, result.current.data]).toEqual([false, { items: 3 }]));
});
