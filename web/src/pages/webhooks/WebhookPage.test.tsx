import { RouterProvider, createMemoryHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { parseSearch, stringifySearch } from "@/lib/url-state";
import WebhookPage from "./WebhookPage";

vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, admin: true }), needs: () => "" }));
vi.mock("./Overview", () => ({ Overview: () => null }));
vi.mock("./DeadLetters", () => ({ DeadLetters: () => null, useDeadLetters: () => ({ data: undefined, isPending: false }) }));
vi.mock("./Deliveries", () => ({ Deliveries: () => null }));
vi.mock("./EditEndpoint", () => ({ EditEndpoint: () => <div role="dialog">what is written</div> }));

const endpoint = (id: string) => ({ id, name: `To ${id}`, url: "https://a.test/", status: "enabled", resting_until: null, resting_reason: null });

/** At an endpoint, with a test that was sent; `arrives` lets its delivery be there. */
async function sent(search = "") {
  const asked = slowApi({
    "GET /v1/webhooks/endpoints/e1": endpoint("e1"),
    "GET /v1/webhooks/endpoints/e2": endpoint("e2"),
    "POST /v1/webhooks/endpoints/e1/test": { event_id: "v1", delivery_id: "d1", warning: null },
  });
  const history = createMemoryHistory({ initialEntries: [`/webhooks/e1${search}`] });
  const root = createRootRoute();
  const page = createRoute({ getParentRoute: () => root, path: "/webhooks/$id", component: WebhookPage });
  const other = createRoute({ getParentRoute: () => root, path: "/other", component: () => <p>another page</p> });
  const router = createRouter({ routeTree: root.addChildren([page, other]), history, parseSearch, stringifySearch });
  render(
    <Queries>
      <RouterProvider router={router as never} />
    </Queries>,
  );
  fireEvent.click(await screen.findByRole("button", { name: "Send test" }));
  const looked = await asking(asked, "GET", "/v1/webhooks/deliveries");
  return { history, arrives: () => looked.answer({ data: [{ id: "d1" }], next_cursor: null }), at: () => history.location.pathname + history.location.search };
}

it("opens the delivery of a test, and leaves what the list is filtered by", async () => {
  const { arrives, at } = await sent("?status=exhausted");
  await arrives();
  await waitFor(() => expect(at()).toBe("/webhooks/e1?status=exhausted&tab=deliveries&delivery=d1"));
});

it.each(["/other?q=x", "/webhooks/e2?tab=replays"])("leaves %s as it is, where somebody has gone meanwhile", async (next) => {
  const { history, arrives, at } = await sent();
  await act(async () => history.push(next));
  await screen.findByText(next.startsWith("/other") ? "another page" : "Replays");
  await arrives();
  expect(at()).toBe(next);
});

it("closes no form that was opened meanwhile", async () => {
  const { arrives, at } = await sent();
  fireEvent.click(screen.getByRole("button", { name: "Change" }));
  await screen.findByText("what is written");
  await arrives();
  expect(at()).toBe("/webhooks/e1?edit=1");
});
