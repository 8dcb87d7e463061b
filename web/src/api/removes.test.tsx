import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useChange, useRead } from "./hooks";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function Shown() {
  const list = useRead("/v1/prompts");
  const one = useRead("/v1/prompts/{slug}", { path: { slug: "gone" }, query: { label: "latest" } });
  const uses = useRead("/v1/prompts/{slug}/uses", { path: { slug: "gone" } });
  const purge = useChange("post", "/v1/prompts/{slug}/purge", { invalidates: ["/v1/prompts"], removes: "/v1/prompts/{slug}" });
  const isHere = list.data && one.data && uses.data;
  return isHere ? <button onClick={() => purge.mutate({ path: { slug: "gone" }, body: { confirm: "gone" } })}>Remove</button> : null;
}

it("reads the list again, and nothing of what an act below it has removed", async () => {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const { url, method } = given as Request;
    asked.push(`${method} ${new URL(url).pathname}`);
    return new Response(JSON.stringify({ data: [] }), { headers: { "content-type": "application/json" } });
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Shown />
    </QueryClientProvider>,
  );
  fireEvent.click(await screen.findByText("Remove"));
  await waitFor(() => expect(asked.filter((one) => one === "GET /v1/prompts")).toHaveLength(2));
  expect(asked.sort()).toEqual(["GET /v1/prompts", "GET /v1/prompts", "GET /v1/prompts/gone", "GET /v1/prompts/gone/uses", "POST /v1/prompts/gone/purge"]);
});

function Archived() {
  const one = useRead("/v1/prompts/{slug}", { path: { slug: "mine" } });
  const move = useChange("put", "/v1/prompts/{slug}/labels/{label}", { invalidates: ["/v1/prompts"] });
  if (!one.data) return null;
  return (
    <>
      <button onClick={() => move.mutate({ path: { slug: "mine", label: "production" }, body: { version: 1, reason: "" } })}>Move</button>
      <p>{one.data.archived_at ?? "here"}</p>
      <p>{move.error?.message}</p>
    </>
  );
}

it.each([[409, "2026-11-28"], [422, "here"]])("reads again what it was about where somebody was faster: %d", async (status, then) => {
  let archived: string | null = null;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    if ((given as Request).method === "GET") return Response.json({ archived_at: archived });
    archived = "2026-11-28";
    return Response.json({ error: { code: "conflict", message: "It was archived.", retryable: false } }, { status });
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Archived />
    </QueryClientProvider>,
  );
  fireEvent.click(await screen.findByText("Move"));
  await screen.findByText("It was archived.");
  await screen.findByText(then);
});
