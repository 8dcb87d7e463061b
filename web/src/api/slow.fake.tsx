/** The API for tests of what comes late: each answer waits until the test lets it come. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";

export type Asked = { method: string; path: string; query: URLSearchParams; body: unknown; answer: (body: unknown, status?: number) => Promise<void> };

/** Turns of the loop after which an answer has been read and drawn. Not a time: on a machine that stands still one passes before the first turn. */
const TURNS = 20;

/** What was asked so far, in its order. What `known` answers comes at once, by method and path: `{ "GET /v1/models": {…} }`. */
export function slowApi(known: Record<string, unknown> = {}): Asked[] {
  const asked: Asked[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given, init) => {
    const request = given instanceof Request ? given : new Request(new URL(String(given), "http://localhost"), init);
    const { pathname, searchParams } = new URL(request.url);
    const written = request.method === "GET" ? "" : await request.text();
    const body: unknown = written.startsWith("{") && !written.includes("\n{") ? JSON.parse(written) : written;
    const name = `${request.method} ${pathname}`;
    if (name in known) return Response.json(known[name]);
    return new Promise<Response>((resolve) => {
      const answer = async (said: unknown, status = 200) => {
        await act(async () => {
          resolve(typeof said === "string" ? new Response(said, { status }) : Response.json(said, { status }));
          for (let turn = 0; turn < TURNS; turn++) await new Promise((done) => setTimeout(done, 1));
        });
      };
      asked.push({ method: request.method, path: pathname, query: searchParams, body, answer });
    });
  });
  return asked;
}

/** The last request of this kind, as soon as it is there. */
export async function asking(asked: readonly Asked[], method: string, path: string, times = 1): Promise<Asked> {
  return vi.waitFor(() => {
    const found = asked.filter((one) => one.method === method && one.path === path)[times - 1];
    if (!found) throw new Error(`${method} ${path} was not asked: ${asked.map((one) => `${one.method} ${one.path}`).join(", ")}`);
    return found;
  });
}

export function Queries({ children, of = new QueryClient({ defaultOptions: { queries: { retry: false } } }) }: { children: ReactNode; of?: QueryClient }) {
  return <QueryClientProvider client={of}>{children}</QueryClientProvider>;
}
