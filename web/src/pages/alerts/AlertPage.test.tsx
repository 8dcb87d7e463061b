import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import AlertPage from "./AlertPage";

vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useParams: () => ({ id: "a" }), useNavigate: () => () => undefined, useLocation: () => "/", useSearch: () => ({}) }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, held: null }), needs: (what: string) => what }));
vi.mock("@/api/authors", () => ({ useAuthors: () => (name: string) => name }));
vi.mock("./MuteDialog", () => ({ MuteDialog: () => null }));

const ALERT = {
  id: "a", kind: "feedback_threshold", metric: "satisfaction", severity: "warning", status: "open", muted: false, simulated: false, summary: "People like it less.", prompt: "greet", label: "production", version: 3,
  before: {}, after: {}, changed: { version: { from: 2, to: 3 } }, chart: [], timeline: [], raised_at: "2026-11-20T03:00:00Z", resolved_at: null, subject: null,
}; // prettier-ignore

async function opened(alert: object, labels: Record<string, number>) {
  const asked = slowApi();
  render(
    <Queries>
      <AlertPage />
    </Queries>,
  );
  await (await asking(asked, "GET", "/v1/alerts/a")).answer({ ...ALERT, ...alert });
  return async () => (await asking(asked, "GET", "/v1/prompts/greet")).answer({ slug: "greet", labels });
}

it("leads from what people like less to a search for something better, and to the rollback while its version is live", async () => {
  const read = await opened({}, { production: 3 });
  await read();
  expect((await screen.findByRole("link", { name: "Search for a better version" })).getAttribute("href")).toBe("/optimize");
  screen.getByRole("link", { name: "Roll back…" });
  expect(screen.queryByText(/by now/)).toBeNull();
});

it("offers no second rollback once the label stands elsewhere, and says where", async () => {
  const read = await opened({}, { production: 2 });
  await read();
  await screen.findByText(/production names v2 by now; this is about v3/);
  expect(screen.queryByRole("link", { name: "Roll back…" })).toBeNull();
});

it("offers no search for what a search does not mend", async () => {
  await opened({ kind: "degradation", metric: "latency" }, {});
  await screen.findByText("People like it less.");
  expect(screen.queryByRole("link", { name: "Search for a better version" })).toBeNull();
});
