import { readFileSync } from "node:fs";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { usePages, useRead } from "@/api/hooks";
import { XYChart } from "@/chart";
import { LATE_MS } from "@/lib/late";
import { Button } from "./Button";
import { Figures } from "./Page";
import { Loaded } from "./States";
import { PagedTable, Table } from "./Table";

const sources = import.meta.glob<string>("/src/**/*.tsx", { query: "?raw", import: "default", eager: true });

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function All({ isLoading }: { isLoading: boolean }) {
  return (
    <>
      <Button busy={isLoading}>Save</Button>
      <Figures figures={[{ label: "Runs", value: 1 }]} isStale={isLoading} />
      <Table label="Rows" columns={[{ key: "name", head: "Name", cell: (row: string) => row }]} rows={["a"]} rowKey={(row) => row} isStale={isLoading} />
      <XYChart title="Cost" series={[{ name: "all", points: [{ x: 1, value: 1 }] }]} format={String} isStale={isLoading} />
    </>
  );
}

const at = (isLoading: boolean) => <All isLoading={isLoading} />;
const pass = (ms: number) => act(() => vi.advanceTimersByTime(ms));
/** Spinners, and what is dimmed. */
const shown = () => [document.querySelectorAll(".animate-spin").length, document.querySelectorAll(".opacity-50, .opacity-60").length];

it("shows no spinner and dims nothing before 150 ms, and ends both at once", () => {
  const page = render(at(true));
  expect([screen.getByRole("button", { name: "Save" }).getAttribute("aria-busy"), screen.getByRole("table").getAttribute("aria-busy")]).toEqual(["true", "true"]);
  pass(LATE_MS - 1);
  expect(shown()).toEqual([0, 0]);
  pass(1);
  expect(shown()).toEqual([1, 4]);
  page.rerender(at(false));
  expect(shown()).toEqual([0, 0]);
  page.rerender(at(true));
  expect(shown(), "each time anew").toEqual([0, 0]);
  pass(LATE_MS - 1);
  page.rerender(at(false));
  pass(1_000);
  expect(shown(), "what was faster").toEqual([0, 0]);
});

it("has skeletons wait as long", () => {
  expect(readFileSync("src/styles/app.css", "utf8")).toMatch(new RegExp(`@utility late \\{\\s*animation: late \\d+ms ${LATE_MS}ms both;`));
  expect(sources["/src/kit/States.tsx"]).toContain('data-skeleton className={classes("late ');
});

it("has spinners, skeletons and dimming in the kit alone, where they wait", () => {
  const places = (what: RegExp) => Object.keys(sources).filter((path) => !path.includes(".test.") && what.test(sources[path] ?? ""));
  expect(places(/animate-spin|LoaderCircle|<Loader/)).toEqual(["/src/kit/Button.tsx"]);
  expect(places(/ data-skeleton/)).toEqual(["/src/kit/States.tsx"]);
  expect(places(/(isStale|isFetching|isPlaceholderData|isPending|isLoading|busy)\)? (&&|\?) "[^"]*opacity-/)).toEqual([]);
});

function Read({ model }: { model: string }) {
  const sum = useRead("/v1/analytics/summary", { query: { model } } as never);
  const list = usePages("/v1/audit", { query: { action: model } });
  return <output>{`${JSON.stringify(sum.data ?? null)} ${list.isPending ? "nothing" : list.rows.map((row) => row.id).join()} ${list.isStale ? "before" : "now"}`}</output>;
}

it("keeps figures and lists on screen while what is asked for otherwise loads", async () => {
  vi.useRealTimers();
  let go = () => {};
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const { pathname, searchParams } = new URL((given as Request).url);
    const which = searchParams.get("model") ?? searchParams.get("action");
    if (which === "b") await new Promise<void>((done) => (go = ((before) => () => (before(), done()))(go)));
    return Response.json(pathname.endsWith("audit") ? { data: [{ id: which }], next_cursor: null } : { of: which });
  });
  const queries = new QueryClient();
  const page = (model: string) => (
    <QueryClientProvider client={queries}>
      <Read model={model} />
    </QueryClientProvider>
  );
  const { rerender } = render(page("a"));
  await screen.findByText('{"of":"a"} a now');
  rerender(page("b"));
  screen.getByText('{"of":"a"} a before');
  await vi.waitFor(() => expect(vi.mocked(fetch)).toHaveBeenCalledTimes(4));
  act(() => go());
  await screen.findByText('{"of":"b"} b now');
});

it("says after 10 s that it takes long, and asks anew, for the first question may never be answered", async () => {
  let answers = false;
  const asked = vi.spyOn(globalThis, "fetch").mockImplementation(() => {
    if (!answers) return new Promise(() => undefined);
    return Promise.resolve(new Response(JSON.stringify({ name: "Here", data: [{ slug: "first" }], next_cursor: null }), { headers: { "content-type": "application/json" } }));
  });
  function One() {
    return <Loaded of={useRead("/v1/prompts/{slug}", { path: { slug: "a" } })}>{(prompt) => <p>{prompt.name}</p>}</Loaded>;
  }
  function Many() {
    return <PagedTable label="Prompts" columns={[{ key: "slug", head: "Slug", cell: (row) => row.slug }]} pages={usePages("/v1/prompts")} rowKey={(row) => row.slug} empty={null} />;
  }
  render(
    <QueryClientProvider client={new QueryClient()}>
      <One />
      <Many />
    </QueryClientProvider>,
  );
  await act(() => vi.advanceTimersByTimeAsync(100));
  expect(asked.mock.calls.length).toBe(2);
  pass(8_900);
  expect(screen.queryByText("This takes longer than usual.")).toBeNull();
  pass(1_500);
  expect(screen.getAllByText("This takes longer than usual.").map((one) => one.closest("[role=status]")?.getAttribute("aria-label"))).toEqual(["Loading", "Loading"]);
  answers = true;
  const before = asked.mock.calls.length;
  await act(async () => {
    screen.getAllByRole("button", { name: "Ask again" })[0]?.click();
    await vi.advanceTimersByTimeAsync(100);
  });
  expect(asked.mock.calls.length).toBe(before + 2);
  screen.getByText("Here");
  screen.getByText("first");
  asked.mockRestore();
});
