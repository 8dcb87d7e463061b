import { render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { Queries, slowApi } from "@/api/slow.fake";
import ApprovalsPage from "./ApprovalsPage";

const at = vi.hoisted(() => ({ search: {} }));
afterEach(() => {
  at.search = {};
});
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useSearch: () => at.search, useLocation: () => "" }));
vi.mock("@/api/authors", () => ({ useAuthors: () => (name: string) => name }));

const comment = (id: string, replyTo: string | null) => ({ id, slug: "a", version: 1, body: `Said in ${id}`, author: "user:1", created_at: "2026-11-20T10:00:00Z", resolved_at: null, reply_to: replyTo, mentions: [] });

it.each([
  ["all", false],
  ["mine", true],
])("lists of %s an answer: %s", async (whose, isThere) => {
  slowApi({ "GET /v1/prompt-comments": { data: [comment("c2", "c1"), comment("c1", null)], next_cursor: null } });
  at.search = { tab: "comments", whose };
  render(
    <Queries>
      <ApprovalsPage />
    </Queries>,
  );
  await screen.findByText("Said in c1");
  expect(screen.queryByText("Said in c2") !== null).toBe(isThere);
});
