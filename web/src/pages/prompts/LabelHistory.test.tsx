import { render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { LabelHistory, beneath } from "./LabelHistory";

vi.mock("@tanstack/react-router", () => ({ Link: ({ to, children }: { to: string; children: string }) => <a href={to}>{children}</a> }));
vi.mock("@/api/authors", () => ({ useAuthors: () => (name: string) => name }));
beforeAll(preloadFloats);

it("brings a label back to where it stood, and to no version before that while its removal is not among its moves yet", async () => {
  const asked = slowApi();
  const page = (labels: Record<string, number>) => (
    <Queries of={client}>
      <LabelHistory prompt={{ slug: "a", labels } as never} label="beta" onClose={() => {}} onMove={() => {}} why={null} />
    </Queries>
  );
  const { QueryClient } = await import("@tanstack/react-query");
  const client = new QueryClient();
  const { rerender } = render(page({ beta: 5 }));
  await (await asking(asked, "GET", "/v1/prompts/a/labels/beta/history")).answer({ data: [{ version: 5, from_version: 3, moved_at: "2026-11-01T00:00:00Z", author: "user:1", reason: "" }], next_cursor: null });
  await screen.findByText("Roll back to v3…");
  rerender(page({}));
  expect(screen.queryByText(/^Bring it back/)).toBeNull();
});

it("leads to the suggestion or experiment that moved it, and shows what people wrote as it is", async () => {
  const asked = slowApi();
  const id = "01a21e46-32d5-77f7-acfb-ef6cc202a424";
  render(
    <Queries>
      <LabelHistory prompt={{ slug: "a", labels: { beta: 5 } } as never} label="beta" onClose={() => {}} onMove={() => {}} why={null} />
    </Queries>,
  );
  const reasons = [`suggestion ${id} accepted`, `experiment ${id}`, "an experiment of mine"];
  await (await asking(asked, "GET", "/v1/prompts/a/labels/beta/history")).answer({ data: reasons.map((reason, n) => ({ version: 5 - n, from_version: 4 - n, moved_at: "2026-11-01T00:00:00Z", author: "user:1", reason })), next_cursor: null });
  const links = await screen.findAllByRole("link");
  expect(links.map((one) => [one.textContent, one.getAttribute("href")])).toEqual([["suggestion", `/optimize/suggestions/${id}`], ["experiment", `/experiments/${id}`]]);
  expect(links[0]?.parentElement?.textContent).toBe("suggestion accepted");
  screen.getByText("an experiment of mine");
});

it("does not offer what it was just rolled back from as the way back", () => {
  const moves = (...versions: number[]) => versions.map((version, at) => ({ version, from_version: versions[at - 1] ?? null })).toReversed();
  expect(beneath(moves(1, 2, 3), 3)).toBe(2);
  expect(beneath(moves(1, 2, 3, 2), 2)).toBe(1);
  expect(beneath(moves(1, 2, 1), 1)).toBeNull();
  expect(beneath(moves(1, 2, 1, 2), 2)).toBe(1);
  expect(beneath(moves(1, 3, 1, 2), 2)).toBe(1);
  expect(beneath([{ version: 5, from_version: 3 }], 5)).toBe(3);
  expect(beneath([{ version: 5, from_version: 3 }], 6)).toBeNull();
});
