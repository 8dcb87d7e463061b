import { QueryClient } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { dismissAll } from "@/kit/Toast";
import Toasts from "@/kit/Toasts";
import { preloadFloats } from "@/kit/floats";
import { LifeMenu } from "./Life";
import { isOff } from "@/kit/off.fake";

const may = vi.hoisted(() => ({ edit: true }));
const navigate = vi.hoisted(() => vi.fn());
vi.mock("@/api/session", () => ({ useMay: () => may, needs: (who: string) => `Only an ${who}.` }));
vi.mock("@tanstack/react-router", async (all) => ({ ...(await all<object>()), useNavigate: () => navigate, Link: ({ to, children }: { to: string; children: React.ReactNode }) => <a href={to}>{children}</a> }));
beforeAll(preloadFloats);
afterEach(() => {
  cleanup();
  dismissAll();
  navigate.mockClear();
  may.edit = true;
});

const dataset = { id: "d", name: "tickets", version: 2, test_version: 1, counts: { train: 2, validation: 0, test: 1 }, near_duplicates: [], created_by: "a", created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z", archived_at: null as string | null };
const PATH = "/v1/datasets/d";
const used = (...kinds: string[]) => ({ error: { code: "conflict", message: "It is used.", param: "dataset_id", details: { used_by: kinds.map((kind) => ({ kind, count: 1, first: ["0199-abcdefgh"] })) } } });

function shown(more: Partial<typeof dataset> = {}) {
  render(
    <Queries of={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <LifeMenu dataset={{ ...dataset, ...more }} />
      <Toasts />
    </Queries>,
  );
}

const press = (name: string) => fireEvent.click(screen.getByRole("button", { name, hidden: true }));
function choose(name: string) {
  press("More with this dataset");
  fireEvent.click(screen.getByRole("menuitem", { name }));
}

it("deletes once, and goes to where it was listed", async () => {
  const asked = slowApi();
  shown({ archived_at: "2026-01-02T00:00:00Z" });
  choose("Delete…");
  await screen.findByRole("dialog", { name: "Delete tickets?" });
  press("Delete it");
  const sent = await asking(asked, "DELETE", PATH);
  press("Delete it");
  await sent.answer({ id: "d", name: "tickets", items: 3 });
  await screen.findByText("tickets is deleted, with 3 items");
  expect(asked.filter((one) => one.method === "DELETE")).toHaveLength(1);
  expect(navigate).toHaveBeenCalledWith({ to: "/datasets", search: { archived: "1" } });
});

it("says what uses it, and offers to archive what was measured with", async () => {
  const asked = slowApi();
  shown();
  choose("Delete…");
  await screen.findByRole("dialog", { name: "Delete tickets?" });
  press("Delete it");
  await (await asking(asked, "DELETE", PATH)).answer(used("test_run", "schedule"), 409);
  const list = await screen.findByRole("list", { name: "What uses it", hidden: true });
  expect(within(list).getAllByRole("listitem", { hidden: true }).map((one) => one.textContent)).toEqual(["1 test run: …abcdefgh", "1 schedule of searches: …abcdefgh"]);
  expect(screen.queryByText("It is used.")).toBeNull();
  screen.getByText(/Have the others use another dataset/);
  press("Archive it instead");
  await screen.findByRole("dialog", { name: "Archive tickets?" });
  press("Archive");
  const sent = await asking(asked, "PATCH", PATH);
  expect(sent.body).toEqual({ archived: true });
  await sent.answer(used("schedule"), 409);
  await screen.findByText(/cannot be archived while/);
  expect(screen.queryByText("It is used.")).toBeNull();
});

it("says once more what uses an archived one, and tries again under the same key", async () => {
  const asked = slowApi();
  const sent = vi.mocked(fetch);
  shown({ archived_at: "2026-01-02T00:00:00Z" });
  choose("Delete…");
  await screen.findByRole("dialog", { name: "Delete tickets?" });
  press("Delete it");
  await (await asking(asked, "DELETE", PATH)).answer(used("test_run"), 409);
  await screen.findByText(/in nobody's way/);
  expect(screen.queryByRole("button", { name: "Archive it instead", hidden: true })).toBeNull();
  press("Try again");
  await (await asking(asked, "DELETE", PATH, 2)).answer({ id: "d", name: "tickets", items: 3 });
  const keys = sent.mock.calls.map(([given]) => (given as Request).headers.get("Idempotency-Key"));
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBeTruthy();
  expect(keys[1]).toBe(keys[0]);
});

it("renames to another name only", async () => {
  const asked = slowApi();
  shown();
  choose("Rename…");
  await screen.findByRole("dialog", { name: "Rename tickets" });
  const name = screen.getByRole("textbox", { name: /Name/, hidden: true });
  for (const same of ["tickets", " tickets ", "  "]) {
    fireEvent.change(name, { target: { value: same } });
    expect(isOff(screen.getByRole("button", { name: "Rename", hidden: true }))).toBe(true);
  }
  fireEvent.change(name, { target: { value: " letters " } });
  press("Rename");
  const sent = await asking(asked, "PATCH", PATH);
  expect(sent.body).toEqual({ name: "letters" });
  await sent.answer({ ...dataset, name: "letters" });
  await screen.findByText("It is called letters");
});

it("offers no archive where only what is set up uses it", async () => {
  const asked = slowApi();
  shown();
  choose("Delete…");
  await screen.findByRole("dialog", { name: "Delete tickets?" });
  press("Delete it");
  await (await asking(asked, "DELETE", PATH)).answer(used("alert_rule"), 409);
  await screen.findByText(/delete this one then/);
  expect(screen.queryByRole("button", { name: "Archive it instead", hidden: true })).toBeNull();
});

it("brings an archived one back, and offers nothing to whoever only reads", async () => {
  const asked = slowApi();
  shown({ archived_at: "2026-01-02T00:00:00Z" });
  choose("Restore");
  const sent = await asking(asked, "PATCH", PATH);
  expect(sent.body).toEqual({ archived: false });
  await sent.answer({ ...dataset });
  await screen.findByText("tickets is back");
  cleanup();
  may.edit = false;
  shown();
  expect(screen.queryByRole("button", { name: "More with this dataset" })).toBeNull();
});
