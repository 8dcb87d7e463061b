/** The API and the frame of a page for tests of sessions that begin and end. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { api } from "./client";
import { SessionProvider } from "./session";

/** Who is signed in, with which role, and how often somebody signed out. */
export type Door = { person: string | null; signOuts: number; role: string };

/** A session in these workspaces for whoever `person` says; null: nobody. */
export function sessionApi(workspaces: readonly string[]): Door {
  const door: Door = { person: "ada", signOuts: 0, role: "admin" };
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const { person } = door;
    if (new URL((given as Request).url).pathname === "/v1/auth/sign-out") {
      door.signOuts++;
      door.person = null;
      return new Response(null, { status: 204 });
    }
    if (!person) return Response.json({ error: { type: "unauthorized", code: "unauthorized", message: "Sign in." } }, { status: 401 });
    return Response.json({ user: { id: person, name: person, email: "a@b.c", is_operator: false }, workspaces: workspaces.map((id) => ({ id, name: id, role: door.role })), csrf_token: `of ${person}`, session_id: "s" });
  });
  return door;
}

/** Draws it in a session. Returns where its answers are kept. */
export function renderInSession(page: ReactNode): QueryClient {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={queries}>
      <SessionProvider>{page}</SessionProvider>
    </QueryClientProvider>,
  );
  return queries;
}

/** The session ends by itself: the page hears of it at its next question. */
export async function endSession(door: Door): Promise<void> {
  door.person = null;
  await act(async () => void (await api.GET("/v1/prompts", {}).catch(() => null)));
}

export async function signInAs(door: Door, person: string, queries: QueryClient): Promise<void> {
  door.person = person;
  await act(() => queries.refetchQueries({ queryKey: ["session"] }));
}
