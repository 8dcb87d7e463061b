import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { Queries } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import Toasts from "@/kit/Toasts";
import { EraseUser } from "./EraseUser";

beforeAll(preloadFloats);
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const NOTHING = { data: [], next_cursor: null, searched_to: null };
const FURTHER = { data: [], next_cursor: "on", searched_to: "2026-01-02T03:04:05Z" };
const RUN = { data: [{ created_at: "2026-01-02T03:04:05Z" }], next_cursor: "on", searched_to: null };
const failed = () => Response.json({ error: { code: "internal", message: "No." } }, { status: 403 });

/** What the dialog says of an id, where the two lists answer this. */
async function said(runs: object | null, reactions: object | null): Promise<string> {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const answer = (given as Request).url.includes("/v1/feedback") ? reactions : runs;
    return answer ? Response.json(answer) : failed();
  });
  render(<Queries><EraseUser open isHeld={false} onOpenChange={() => undefined} /></Queries>);
  fireEvent.change(await screen.findByRole("textbox", { name: /user_id/ }), { target: { value: "customer-17" } });
  await waitFor(() => expect(screen.getByRole("status").textContent).not.toBe(""));
  return screen.getByRole("status").textContent!;
}

it("says that nothing names them only of what was looked through, and never that nobody is erased", async () => {
  const words = await said(NOTHING, NOTHING);
  expect(words).toContain("among the runs and the reactions.");
  expect(words).not.toMatch(/nobody|Older/);
});

it("says where it was not looked further", async () => {
  expect(await said(NOTHING, FURTHER)).toMatch(/among the runs and the newest reactions\..*Older ones were not looked at/);
});

it("says that it could not be looked up", async () => {
  expect(await said(NOTHING, null)).toContain("could not be looked up");
});

it("tells the newest of what it found, also where the other could not be looked up", async () => {
  expect(await said(RUN, null)).toMatch(/^Known here: the newest run or reaction of this user_id that could be looked up was/);
});

it("says before and after that a legal hold makes it wait, and does not call it under way", async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => ((given as Request).method === "POST" ? Response.json({ id: "e", status: "pending" }, { status: 202 }) : Response.json(RUN)));
  render(
    <Queries>
      <EraseUser open isHeld onOpenChange={() => undefined} />
      <Toasts />
    </Queries>,
  );
  fireEvent.change(await screen.findByRole("textbox", { name: /user_id/ }), { target: { value: "customer-17" } });
  screen.getByText("Nothing is forgotten while the workspace is under a legal hold. It begins by itself once the hold ends.");
  fireEvent.click(screen.getByRole("button", { name: "Erase for good" }));
  await screen.findByText("The erasure waits until the legal hold ends");
});
