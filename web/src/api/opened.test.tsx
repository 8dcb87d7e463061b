import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useOpened } from "./hooks";

type Row = { id: string; name: string };

function Opened({ id, rows }: { id: string; rows: readonly Row[] }) {
  const found = useOpened(id, rows, "/v1/audit/{audit_id}", { path: { audit_id: id } });
  return <output>{found?.name ?? "nothing"}</output>;
}

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

it("keeps what is opened when its row goes to another page, and finds what was never on the first", async () => {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    asked.push(new URL((given as Request).url).pathname);
    return new Response(JSON.stringify({ id: "c", name: "Gamma" }), { headers: { "content-type": "application/json" } });
  });
  const queries = new QueryClient();
  const at = (id: string, rows: readonly Row[]) => (
    <QueryClientProvider client={queries}>
      <Opened id={id} rows={rows} />
    </QueryClientProvider>
  );
  const shown = render(at("a", [{ id: "a", name: "Alpha" }]));
  screen.getByText("Alpha");
  shown.rerender(at("a", [{ id: "b", name: "Beta" }]));
  screen.getByText("Alpha");
  shown.rerender(at("a", [{ id: "a", name: "Alpha, renamed" }]));
  screen.getByText("Alpha, renamed");
  shown.rerender(at("", []));
  screen.getByText("nothing");
  expect(asked).toEqual([]);
  shown.rerender(at("c", []));
  await screen.findByText("Gamma");
  expect(asked).toEqual(["/v1/audit/c"]);
});
