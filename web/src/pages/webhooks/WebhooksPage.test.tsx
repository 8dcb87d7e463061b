import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, slowApi } from "@/api/slow.fake";
import WebhooksPage from "./WebhooksPage";

vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useSearch: () => ({}), useLocation: () => "" }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, admin: true }), needs: () => "" }));

const endpoint = (id: string) => ({ id, url: `https://${id}.example.com/`, description: "", status: "active", resting_until: null, events: ["*"], condition: "", filters: {}, delivered_count: 0, failed_count: 0, last_delivered_at: null });
const letters = { data: [{ endpoint_id: "e1", created_at: "2026-11-20T10:00:00Z" }] };

async function opened(next_cursor: string | null) {
  slowApi({ "GET /v1/webhooks/endpoints": { data: [endpoint("e1"), endpoint("e2")], next_cursor: null }, "GET /v1/webhooks/deliveries": { ...letters, next_cursor } });
  render(
    <Queries>
      <WebhooksPage />
    </Queries>,
  );
  await screen.findByText("e2.example.com");
}

it("says that an endpoint without a count may have older dead letters, where there are more than were read", async () => {
  await opened("more");
  await screen.findByText("1 dead letter or more");
  screen.getByText(/more than 100 dead letters/);
});

it("says nothing of the kind where all were read", async () => {
  await opened(null);
  await screen.findByText("1 dead letter");
  expect(screen.queryByText(/more than 100/)).toBeNull();
});
