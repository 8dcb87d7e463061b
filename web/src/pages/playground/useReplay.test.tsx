import { RouterProvider, createMemoryHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { parseSearch, stringifySearch } from "@/lib/url-state";
import { useReplay } from "./useReplay";

const PICTURE = "data:image/png;base64,iVBORw0KGgo=";
const answers: Record<string, () => Response> = {
  first: () => new Response(JSON.stringify({ id: "first", status: "success", prompt: null, model: "m", variables: {}, settings: {}, messages: [{ role: "user", content: "of the first" }] }), { headers: { "content-type": "application/json" } }),
  pictured: () => Response.json({ id: "pictured", status: "success", prompt: "shop", version: 2, model: "m", variables: { photo: PICTURE, user: { photo: PICTURE } }, settings: {}, messages: [] }),
  "shop v2": () => Response.json({ slug: "shop", version: 2, messages: [{ role: "user", content: "{{photo: image_url}} {{user: object}}" }], parameters: {} }),
  running: () => new Response(JSON.stringify({ id: "running", status: "running", created_at: "2026-11-28T00:00:00Z" }), { headers: { "content-type": "application/json" } }),
  gone: () => new Response(JSON.stringify({ error: { message: "No such execution.", code: "not_found", retryable: false } }), { status: 404, headers: { "content-type": "application/json" } }),
};

vi.mock("@/api/hooks", async (original) => ({
  ...(await original<object>()),
  read: async (_: string, { path, query }: { path: { execution_id?: string; slug?: string }; query?: { version?: number } }) => {
    const response = answers[path.execution_id ?? `${path.slug} v${query?.version}`]!();
    if (!response.ok) throw new Error("No such execution.");
    return await response.json();
  },
}));

afterEach(cleanup);

function Shown() {
  const { isReady, given } = useReplay();
  return <p>{isReady ? `Shown: ${given?.columns[0]?.messages[0]?.content ?? "nothing"} ${JSON.stringify(given?.values ?? {})} ${Object.keys(given?.files ?? {}).join()}` : "Coming"}</p>;
}

function shown(first: string) {
  const history = createMemoryHistory({ initialEntries: [first] });
  const root = createRootRoute();
  const page = createRoute({ getParentRoute: () => root, path: "/", component: Shown });
  const router = createRouter({ routeTree: root.addChildren([page]), history, parseSearch, stringifySearch });
  render(<RouterProvider router={router as never} />);
  return history;
}

it("takes out the pictures that variables of the run's version can take back", async () => {
  shown("/?run=pictured");
  await screen.findByText(`Shown: {"user":"{\\"photo\\":\\"${PICTURE}\\"}","user.photo":"${PICTURE}"} photo`);
});

it.each(["gone", "running"])("shows nothing of the run before where the next one is %s", async (next) => {
  const history = shown("/?run=first");
  await screen.findByText("Shown: of the first {}");
  await act(async () => history.push(`/?run=${next}`));
  await screen.findByText("Shown: nothing {}");
  expect(history.location.search).toBe("");
});
