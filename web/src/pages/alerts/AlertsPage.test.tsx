import { render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import AlertsPage from "./AlertsPage";

const shown = vi.hoisted(() => ({ severity: undefined as string | undefined }));
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useLocation: () => "/", useSearch: () => shown }));
vi.mock("@/api/choices", () => ({ usePromptChoices: () => ({ choices: [], onSearch: () => undefined }) }));
vi.mock("./Head", () => ({ Head: "div" }));
beforeEach(() => {
  shown.severity = undefined;
});

const NONE = { data: [], next_cursor: null };
const ALERT = { id: "a", kind: "provider_key", severity: "critical", status: "open", muted: false, simulated: false, summary: "The provider refuses the key.", prompt: null, label: null, version: null, raised_at: "2026-11-20T03:00:00Z" };

async function opened(open: object) {
  const asked = slowApi();
  render(
    <Queries>
      <AlertsPage />
    </Queries>,
  );
  const [one, other] = [await asking(asked, "GET", "/v1/alerts"), await asking(asked, "GET", "/v1/alerts", 2)];
  const [first, seen] = one.query.get("status") === "open" ? [one, other] : [other, one];
  await first.answer(open);
  return { asked, first, seen };
}

it("does not say that nothing is wrong where something that somebody has seen goes on", async () => {
  const { seen } = await opened(NONE);
  expect(screen.queryByText(/is wrong/)).toBeNull();
  expect(seen.query.get("status")).toBe("acknowledged");
  await seen.answer({ data: [{ ...ALERT, status: "acknowledged" }], next_cursor: null });
  await screen.findByText("Nothing new is wrong");
  screen.getByRole("button", { name: "Show what was seen" });
  expect(screen.queryByText("Nothing is wrong")).toBeNull();
});

it("says that nothing is wrong where that is known of all", async () => {
  const { seen } = await opened(NONE);
  await seen.answer(NONE);
  await screen.findByText("Nothing is wrong");
});

it("asks for one severity, and says of no other that nothing is wrong", async () => {
  shown.severity = "critical";
  const { first, seen } = await opened(NONE);
  expect([first.query.get("severity"), seen.query.get("severity")]).toEqual(["critical", "critical"]);
  await seen.answer(NONE);
  await screen.findByText("Nothing of this kind is wrong");
  expect(screen.getByLabelText<HTMLSelectElement>("Severity").value).toBe("critical");
});

it("says how bad it is and how it stands also where there is no room for columns", async () => {
  await opened({ data: [ALERT], next_cursor: null });
  const cell = (await screen.findByText(ALERT.summary)).closest("td");
  expect(cell?.textContent).toContain("critical");
  expect(cell?.textContent).toContain("open");
});
