import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { DeadLetters, deadByEndpoint } from "./DeadLetters";

vi.mock("@tanstack/react-router", async () => await import("../../kit/link.fake"));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true }), needs: () => "" }));
beforeAll(preloadFloats);

const letter = (endpoint_id: string, created_at = "2026-11-20T10:00:00Z") => ({ endpoint_id, created_at });

it("counts dead letters by endpoint, and claims no count where there are more than were read", () => {
  const data = [letter("a"), letter("b"), letter("a")];
  expect(Object.fromEntries(deadByEndpoint({ data, next_cursor: null }))).toEqual({ a: "2 dead letters", b: "1 dead letter" });
  expect(deadByEndpoint({ data, next_cursor: "more" }).get("a")).toBe("2 dead letters or more");
});

function opened(data: ReturnType<typeof letter>[], next_cursor: string | null = null) {
  const asked = slowApi({ "GET /v1/webhooks/events": { data: [] } });
  const begun = vi.fn();
  render(
    <Queries>
      <DeadLetters endpoint={{ id: "e1", status: "active" } as never} found={{ data, next_cursor }} onBegun={begun} />
    </Queries>,
  );
  return { asked, begun };
}

it("offers to send them again from the oldest on, and nothing else with them", async () => {
  const { asked, begun } = opened([letter("e1", "2026-11-20T10:00:00Z"), letter("e1", "2026-11-12T08:30:20Z")]);
  screen.getByText("2 dead letters.");
  fireEvent.click(screen.getByRole("button", { name: /^Send them again/ }));
  fireEvent.click(await screen.findByRole("button", { name: "Send again" }));
  const sent = await asking(asked, "POST", "/v1/webhooks/endpoints/e1/replay");
  expect(sent.body).toMatchObject({ from: "2026-11-12T08:30:00.000Z", to: null, statuses: ["exhausted"] });
  await sent.answer({ matched: 2 });
  await vi.waitFor(() => expect(begun).toHaveBeenCalled());
});

it("goes back as far as it can where nobody knows the oldest", async () => {
  const { asked } = opened([letter("e1")], "more");
  screen.getByText("More than 100 dead letters.");
  fireEvent.click(screen.getByRole("button", { name: /^Send them again/ }));
  fireEvent.click(await screen.findByRole("button", { name: "Send again" }));
  const { from } = (await asking(asked, "POST", "/v1/webhooks/endpoints/e1/replay")).body as { from: string };
  expect(Date.now() - Date.parse(from)).toBeGreaterThan(29 * 86_400_000);
});

it("says nothing where there are none", () => {
  opened([]);
  expect(screen.queryByRole("button")).toBeNull();
});
