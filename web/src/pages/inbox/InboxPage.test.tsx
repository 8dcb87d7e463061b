import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { countWord } from "@/api/inbox";
import InboxPage from "./InboxPage";
import { placeOf, whatHappened } from "./item";

const at = vi.hoisted(() => ({ search: {} }));
afterEach(() => {
  at.search = {};
});
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useSearch: () => at.search, useLocation: () => "" }));
vi.mock("@/api/authors", () => ({ useAuthors: () => (name: string) => name }));

const item = { id: "i1", kind: "mention", slug: "greeting", version: 3, against: 2, comment_id: "c1", review_id: null, text: "Why <b>so</b> short?", by: "Grace", at: "2026-11-20T10:00:00Z", read_at: null, review_status: null, resolved_at: null };

it("says who did what, in their words, and marks it as read", async () => {
  const asked = slowApi({ "GET /v1/inbox": { data: [item], next_cursor: null, unread: 1 } });
  render(
    <Queries>
      <InboxPage />
    </Queries>,
  );
  await screen.findByText("Grace mentions you in a comment on greeting v2 → v3");
  expect(screen.getByText("Why <b>so</b> short?")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Mark as read" }));
  expect((await asking(asked, "POST", "/v1/inbox/read")).body).toEqual({ ids: ["i1"], read: true });
});

it("marks all as read up to the newest that it shows", async () => {
  const asked = slowApi({ "GET /v1/inbox": { data: [item], next_cursor: null, unread: 1 } });
  render(
    <Queries>
      <InboxPage />
    </Queries>,
  );
  await screen.findByText("Unread (1)");
  fireEvent.click(screen.getByRole("button", { name: "Mark all as read" }));
  expect((await asking(asked, "POST", "/v1/inbox/read")).body).toEqual({ up_to: "i1", read: true });
});

it("says each kind in words, and leads to the version", () => {
  const of = { slug: "greeting", version: 3, against: null, comment_id: null };
  expect((["review_asked", "review_decided", "mention", "answer", "comment"] as const).map((kind) => whatHappened({ kind, ...of }))).toEqual([
    "asks for a review of greeting v3",
    "decided on greeting v3",
    "mentions you in a comment on greeting v3",
    "answered in a thread of yours on greeting v3",
    "commented on greeting v3, which you wrote",
  ]);
  expect(placeOf(of)).toEqual({ to: "/prompts/greeting", search: { tab: "versions", v: "3" } });
  expect(placeOf({ ...of, against: 2 }).search).toEqual({ tab: "versions", v: "3", against: "2" });
  expect(placeOf({ ...of, comment_id: "c1" }).search).toEqual({ tab: "versions", v: "3", comment: "c1" });
});

it("counts no further than the gateway does", () => {
  expect([1, 99, 100].map(countWord)).toEqual(["1", "99", "99+"]);
});

it("leads from an answer that one is asked to look at to the queue, and then to what was decided", () => {
  const asked = { slug: "greeting", version: 3, against: null, comment_id: null, queue_item_id: "q1" };
  expect(whatHappened({ kind: "queue_asked", ...asked })).toBe("asks you to look at an answer of greeting v3");
  expect(whatHappened({ kind: "queue_asked", ...asked, slug: null, version: null })).toBe("asks you to look at an answer");
  expect(placeOf({ ...asked, answer_status: "waiting" })).toEqual({ to: "/review", search: {} });
  expect(placeOf({ ...asked, answer_status: "decided" })).toEqual({ to: "/review", search: { tab: "decided", item: "q1" } });
});

it("leads from a comment on what was run to that comment there", () => {
  const of = { slug: null, version: null, against: null, comment_id: "c1" };
  const items = [{ execution_id: "e1" }, { session_id: "a/b c" }, { chain_run_id: "r1", slug: "triage" }].map((one) => ({ ...of, ...one }));
  expect(items.map((one) => whatHappened({ kind: "mention", ...one }))).toEqual(["mentions you in a comment on a run", "mentions you in a comment on a session", "mentions you in a comment on a run of triage"]);
  expect(items.map(placeOf)).toEqual([
    { to: "/runs/e1", search: { comment: "c1" } },
    { to: "/sessions/a%2Fb%20c", search: { comment: "c1" } },
    { to: "/chains/triage", search: { tab: "runs", run: "r1", comment: "c1" } },
  ]);
});
