import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { SessionProvider, useSessionState } from "@/api/session";
import { dismissAll } from "@/kit";
import Toasts from "@/kit/Toasts";
import { Members } from "./Members";
import { preloadFloats } from "@/kit/floats";

vi.mock("@tanstack/react-router", () => ({ useNavigate: () => () => undefined, Link: "a", useRouter: () => ({}) }));

const SESSION = { user: { id: "u1", name: "Ada", email: "ada@example.com", is_operator: false }, workspaces: [{ id: "w1", name: "One", role: "admin" }], csrf_token: "csrf", session_id: "s1" };
const MEMBERS = { data: [{ user_id: "u1", name: "Ada", email: "ada@example.com", role: "admin", created_at: "2026-11-20T10:00:00Z" }, { user_id: "u2", name: "Bob", email: "bob@example.com", role: "editor", created_at: "2026-11-20T10:00:00Z" }], next_cursor: null };

let sent: string[];

beforeAll(preloadFloats);
beforeEach(() => {
  sent = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const request = given as Request;
    const { pathname } = new URL(request.url);
    if (request.method !== "GET") sent.push(`${request.method} ${pathname} ${await request.text()}`);
    else if (pathname === "/v1/auth/session") sent.push("session");
    return new Response(JSON.stringify(pathname === "/v1/auth/session" ? SESSION : pathname === "/v1/members" ? MEMBERS : {}), { headers: { "content-type": "application/json" } });
  });
});

afterEach(() => {
  act(dismissAll);
  cleanup();
  vi.restoreAllMocks();
});

const Inside = () => (useSessionState().session ? <Members /> : null);

async function choose(name: string, role: string) {
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <SessionProvider>
        <Inside />
      </SessionProvider>
      <Toasts />
    </QueryClientProvider>,
  );
  fireEvent.change(await screen.findByLabelText(`Role of ${name}`), { target: { value: role } });
}

it("asks before a role changes, and can be undone", async () => {
  await choose("Bob", "viewer");
  expect(sent).toEqual(["session"]);
  fireEvent.click(screen.getByRole("button", { name: "Make them viewer" }));
  fireEvent.click(await screen.findByText("Undo"));
  await screen.findByText("Bob is editor again");
  expect(sent.slice(1)).toEqual(['PATCH /v1/members/u2 {"role":"viewer"}', 'PATCH /v1/members/u2 {"role":"editor"}']);
});

it("says what one's own role costs, and reads anew what one may", async () => {
  await choose("Ada", "editor");
  screen.getByText(/only another admin can change that/);
  fireEvent.click(screen.getByRole("button", { name: "Make me editor" }));
  await screen.findByText("Ada is editor now");
  expect(screen.queryByText("Undo")).toBeNull();
  expect(sent).toEqual(["session", 'PATCH /v1/members/u1 {"role":"editor"}', "session"]);
});
