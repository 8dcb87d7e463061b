import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import MutesPage from "./MutesPage";

const search = {};
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useSearch: () => search }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true }), needs: () => "" }));
vi.mock("./Head", () => ({ Head: "div" }));

it("ends a mute once where its button is pressed twice", async () => {
  const asked = slowApi({ "GET /v1/alert-mutes": { data: [{ kind: "usage", prompt: null, until: "2026-12-01T00:00:00Z", muted_at: "2026-11-01T00:00:00Z", reason: "" }] } });
  render(
    <Queries>
      <MutesPage />
    </Queries>,
  );
  const end = await screen.findByRole("button", { name: "End it" });
  fireEvent.click(end);
  await asking(asked, "DELETE", "/v1/alert-mutes");
  await vi.waitFor(() => expect(end.getAttribute("aria-busy")).toBe("true"));
  fireEvent.click(end);
  await new Promise((done) => setTimeout(done, 20));
  expect(asked).toHaveLength(1);
});

it("shows a call whose mute is not over yet", async () => {
  slowApi({ "GET /v1/alert-mutes": { data: [] } });
  const { container } = render(
    <Queries>
      <MutesPage />
    </Queries>,
  );
  await screen.findByText("Nothing is muted");
  const until = /"until": "([^"]+)"/.exec(container.textContent ?? "")?.[1] ?? "";
  expect(Date.parse(until)).toBeGreaterThan(Date.now());
});
