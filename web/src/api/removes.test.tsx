import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { invalidate, useChange, useRead } from "./hooks";

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

function Deleted({ id }: { id: string }) {
  const one = useRead("/v1/datasets/{dataset_id}", { path: { dataset_id: id } });
  const remove = useChange("delete", "/v1/datasets/{dataset_id}", { invalidates: ["/v1/datasets"], removes: "/v1/datasets/{dataset_id}" });
  if (!one.data) return null;
  return (
    <>
      <button onClick={() => remove.mutate({ path: { dataset_id: id } })}>Delete {id}</button>
      <p>{remove.isSuccess ? `${id} is gone` : remove.error?.message}</p>
    </>
  );
}

/** Two datasets on screen. `answer` ends the deletion, which waits for it. */
async function deleting(mine: string) {
  const asked: string[] = [];
  let answer: (response: Response) => void = () => undefined;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const { url, method } = given as Request;
    if (method === "DELETE") return new Promise<Response>((resolve) => (answer = resolve));
    asked.push(new URL(url).pathname.split("/").at(-1) ?? "");
    return Response.json({});
  });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={queries}>
      <Deleted id={mine} />
      <Deleted id="other" />
    </QueryClientProvider>,
  );
  fireEvent.click(await screen.findByText(`Delete ${mine}`));
  await screen.findByText("Delete other");
  asked.length = 0;
  return { asked, answer: (response: Response) => answer(response), news: () => invalidate(queries, ["/v1/datasets"]) };
}

it("does not read again what is being deleted where the news of it overtakes the answer, nor while its page closes", async () => {
  const { asked, answer, news } = await deleting("mine");
  await news();
  expect(asked).toEqual(["other"]);
  answer(new Response(null, { status: 204 }));
  await screen.findByText("mine is gone");
  await news();
  expect(asked).not.toContain("mine");
});

it("reads again what could not be deleted, of which there was news meanwhile", async () => {
  const { asked, answer, news } = await deleting("kept");
  await news();
  expect(asked).toEqual(["other"]);
  answer(Response.json({ error: { code: "forbidden", message: "Not yours.", retryable: false } }, { status: 403 }));
  await screen.findByText("Not yours.");
  await waitFor(() => expect(asked).toEqual(["other", "kept"]));
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
