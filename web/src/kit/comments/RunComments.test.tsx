import { fireEvent, render, screen, within } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { RunComments } from "./RunComments";

vi.mock("@tanstack/react-router", async () => import("../link.fake"));
vi.mock("@/api/authors", () => ({ useAuthors: () => (name: string) => name }));
const may = { edit: true, admin: false };
vi.mock("@/api/session", () => ({ useMay: () => may, useSession: () => ({ user: { id: "1" } }), needs: () => "" }));

beforeEach(() => void Object.assign(may, { edit: true, admin: false }));

const comment = (id: string, more: object = {}) => ({ id, execution_id: "e1", session_id: null, chain_run_id: null, reply_to: null, body: `Said in ${id}`, mentions: [], author: "user:1", created_at: "2026-11-20T10:00:00Z", edited_at: null, resolved_by: null, resolved_at: null, ...more }); // prettier-ignore

it("sends a comment on a run, an answer to it, what settles it, and takes it away", async () => {
  const asked = slowApi({ "GET /v1/executions/e1/comments": { data: [comment("c2", { reply_to: "c1" }), comment("c1")], next_cursor: null }, "GET /v1/members": { data: [], next_cursor: null } });
  render(
    <Queries>
      <RunComments of="execution" id="e1" />
    </Queries>,
  );
  await screen.findByText("Said in c2");
  expect(screen.getByRole("heading", { name: "Comments (1 open)" })).toBeTruthy();
  fireEvent.change(screen.getByLabelText("Comment on this run"), { target: { value: " Look at this " } });
  fireEvent.click(screen.getByRole("button", { name: "Comment" }));
  const made = await asking(asked, "POST", "/v1/executions/e1/comments");
  expect(made.body).toEqual({ body: "Look at this", mentions: [], reply_to: null });
  await made.answer({});

  fireEvent.click(screen.getByRole("button", { name: "Answer" }));
  const answer = screen.getByLabelText("Your answer");
  fireEvent.change(answer, { target: { value: "Yes" } });
  fireEvent.click(within(answer.closest("form") as HTMLElement).getByRole("button", { name: "Answer" }));
  await vi.waitFor(() => expect(asked.filter((one) => one.method === "POST").at(-1)?.body).toEqual({ body: "Yes", mentions: [], reply_to: "c1" }));
  fireEvent.click(screen.getByRole("button", { name: "Settle" }));
  expect((await asking(asked, "PATCH", "/v1/executions/e1/comments/c1")).body).toEqual({ resolved: true });
  fireEvent.click(screen.getAllByRole("button", { name: "Delete" })[1] as HTMLElement);
  await asking(asked, "DELETE", "/v1/executions/e1/comments/c2");
});

it("asks for those of a session whose id is a path, and of a run of a chain", async () => {
  const asked = slowApi({});
  render(
    <Queries>
      <RunComments of="session" id="a/b" />
      <RunComments of="chain_run" id="r1" />
    </Queries>,
  );
  await asking(asked, "GET", "/v1/sessions/a%2Fb/comments");
  await asking(asked, "GET", "/v1/chain-runs/r1/comments");
});

it("lets an admin delete what somebody else said, and nobody else", async () => {
  const asked = slowApi({ "GET /v1/executions/e1/comments": { data: [comment("c1", { author: "user:2" })], next_cursor: null }, "GET /v1/members": { data: [], next_cursor: null } });
  const shown = () => (
    <Queries>
      <RunComments of="execution" id="e1" />
    </Queries>
  );
  const { rerender } = render(shown());
  await screen.findByText("Said in c1");
  expect(screen.queryByRole("button", { name: "Delete" })).toBeNull();
  may.admin = true;
  rerender(shown());
  expect(screen.queryByRole("button", { name: "Edit" })).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Delete" }));
  await asking(asked, "DELETE", "/v1/executions/e1/comments/c1");
});

it("shows older comments too, where there are more than come at once", async () => {
  const asked = slowApi({ "GET /v1/members": { data: [], next_cursor: null } });
  render(
    <Queries>
      <RunComments of="execution" id="e1" />
    </Queries>,
  );
  await (await asking(asked, "GET", "/v1/executions/e1/comments")).answer({ data: [comment("c9", { reply_to: "c1" }), comment("c2")], next_cursor: "older" });
  await screen.findByText("Said in c2");
  fireEvent.click(screen.getByRole("button", { name: "Load older comments" }));
  await (await asking(asked, "GET", "/v1/executions/e1/comments", 2)).answer({ data: [comment("c1")], next_cursor: null });
  await screen.findByText("Said in c1");
  screen.getByText("Said in c9");
  expect(screen.queryByRole("button", { name: "Load older comments" })).toBeNull();
});

it("reads on by itself as far as the comment that a link leads to, and to the one that it answers", async () => {
  const asked = slowApi({ "GET /v1/members": { data: [], next_cursor: null } });
  render(
    <Queries>
      <RunComments of="execution" id="e1" wanted="c3" />
    </Queries>,
  );
  await (await asking(asked, "GET", "/v1/executions/e1/comments")).answer({ data: [comment("c6"), comment("c5")], next_cursor: "older" });
  await (await asking(asked, "GET", "/v1/executions/e1/comments", 2)).answer({ data: [comment("c4"), comment("c3", { reply_to: "c1" })], next_cursor: "oldest" });
  await (await asking(asked, "GET", "/v1/executions/e1/comments", 3)).answer({ data: [comment("c2"), comment("c1")], next_cursor: "more" });
  await screen.findByText("Said in c3");
  screen.getByRole("button", { name: "Load older comments" });
  expect(asked.filter((one) => one.method === "GET" && one.path.startsWith("/v1/executions/e1/comments"))).toHaveLength(3);
});

it("says of a comment that a link leads to that it is gone, once it knows", async () => {
  const asked = slowApi({ "GET /v1/members": { data: [], next_cursor: null } });
  render(
    <Queries>
      <RunComments of="execution" id="e1" wanted="c1" />
    </Queries>,
  );
  const words = "The comment that this link leads to is not here any more.";
  await (await asking(asked, "GET", "/v1/executions/e1/comments")).answer({ data: [comment("c2")], next_cursor: "older" });
  await screen.findByText("Said in c2");
  expect(screen.queryByText(words)).toBeNull();
  await (await asking(asked, "GET", "/v1/executions/e1/comments", 2)).answer({ data: [comment("c0")], next_cursor: "oldest" });
  await screen.findByText(words);
});

it("keeps an answer whose comment somebody deleted meanwhile, and sends it as a comment of its own", async () => {
  const { QueryClient } = await import("@tanstack/react-query");
  const client = new QueryClient();
  const there = { data: [comment("c1")], next_cursor: null };
  const asked = slowApi({ "GET /v1/members": { data: [], next_cursor: null } });
  render(
    <Queries of={client}>
      <RunComments of="execution" id="e1" />
    </Queries>,
  );
  await (await asking(asked, "GET", "/v1/executions/e1/comments")).answer(there);
  fireEvent.click(await screen.findByRole("button", { name: "Answer" }));
  fireEvent.change(screen.getByLabelText("Your answer"), { target: { value: "A long answer" } });
  void client.invalidateQueries();
  await (await asking(asked, "GET", "/v1/executions/e1/comments", 2)).answer({ data: [], next_cursor: null });
  await screen.findByText(/was deleted/);
  const answer = screen.getByLabelText<HTMLTextAreaElement>("Your answer");
  expect(answer.value).toBe("A long answer");
  fireEvent.click(within(answer.closest("form") as HTMLElement).getByRole("button", { name: "Comment" }));
  expect((await asking(asked, "POST", "/v1/executions/e1/comments")).body).toEqual({ body: "A long answer", mentions: [], reply_to: null });
});

it("keeps for later what was refused as it was sent", async () => {
  const asked = slowApi({ "GET /v1/executions/e1/comments": { data: [], next_cursor: null }, "GET /v1/members": { data: [], next_cursor: null } });
  const { unmount } = render(
    <Queries>
      <RunComments of="execution" id="e1" />
    </Queries>,
  );
  fireEvent.change(await screen.findByLabelText("Comment on this run"), { target: { value: "Look" } });
  fireEvent.click(screen.getByRole("button", { name: "Comment" }));
  await (await asking(asked, "POST", "/v1/executions/e1/comments")).answer({ error: { code: "conflict", message: "Not now." } }, 409);
  await screen.findByText(/Not now/);
  unmount();
  render(
    <Queries>
      <RunComments of="execution" id="e1" />
    </Queries>,
  );
  expect((await screen.findByLabelText<HTMLTextAreaElement>("Comment on this run")).value).toBe("Look");
});
