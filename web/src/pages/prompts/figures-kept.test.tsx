import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { usePromptFigures } from "./figures";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function Shown({ slugs }: { slugs: string[] }) {
  const { of, isPending } = usePromptFigures(slugs);
  return <output>{`${isPending ? "waits" : "is here"}: ${slugs.map((slug) => of.get(slug)?.day?.executions ?? "none").join()}`}</output>;
}

it("keeps the figures of the others while a row comes, and waits where most rows have none", async () => {
  let answer: () => void = () => undefined;
  const held = () => new Promise<void>((resolve) => (answer = resolve));
  let wait: Promise<void> = Promise.resolve();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    await wait;
    const data = new URL((given as Request).url).searchParams.getAll("prompt").map((group) => ({ group, executions: 7 }));
    return new Response(JSON.stringify({ data, next_cursor: null }), { headers: { "content-type": "application/json" } });
  });
  const client = new QueryClient();
  const list = (...slugs: string[]) => (
    <QueryClientProvider client={client}>
      <Shown slugs={slugs} />
    </QueryClientProvider>
  );
  const shown = render(list("a", "b"));
  expect(screen.getByText("waits: none,none")).toBeTruthy();
  await screen.findByText("is here: 7,7");

  wait = held();
  shown.rerender(list("new", "a", "b"));
  expect(screen.getByText("is here: none,7,7")).toBeTruthy();
  await act(async () => answer());
  await screen.findByText("is here: 7,7,7");

  wait = held();
  shown.rerender(list("a", "x", "y"));
  expect(screen.getByText("waits: 7,none,none")).toBeTruthy();
  await act(async () => answer());
  await screen.findByText("is here: 7,7,7");
});
