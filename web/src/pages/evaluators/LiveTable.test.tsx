import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { LiveTable } from "./LiveTable";

vi.mock("@tanstack/react-router", async () => ({ Link: (await import("../../kit/link.fake")).Link, useNavigate: () => () => undefined }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true }), needs: () => "" }));
beforeAll(preloadFloats);

const live = (id: string) => ({ id, evaluator: id, evaluator_id: id, prompts: [], labels: [], filters: {}, sample: 1, cap: null, waiting: 0, active: true, archived_at: null });
const archive = (id: string) => {
  fireEvent.click(screen.getByRole("button", { name: new RegExp(`What to do with ${id}`) }));
  fireEvent.click(screen.getByText("Archive"));
};

it("says of one nothing of what went wrong with another", async () => {
  const asked = slowApi({ "GET /v1/live-evaluations": { data: [live("first"), live("second")], next_cursor: null } });
  render(
    <Queries>
      <LiveTable evaluator={null} archived={false} onEdit={() => {}} />
    </Queries>,
  );
  await screen.findByText("first");
  archive("first");
  fireEvent.click(await screen.findByRole("button", { name: "Archive it" }));
  await (await asking(asked, "DELETE", "/v1/live-evaluations/first")).answer({ error: { message: "Not now." } }, 409);
  await screen.findByText("Not now.");
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  archive("second");
  await screen.findByRole("button", { name: "Archive it" });
  await vi.waitFor(() => expect(screen.queryByText("Not now.")).toBeNull());
});

it("offers no live evaluation of an evaluator that is archived, whose page would refuse it", async () => {
  slowApi({ "GET /v1/live-evaluations": { data: [], next_cursor: null } });
  const shown = (isOver: boolean) => (
    <Queries>
      <LiveTable evaluator="e1" archived={false} isOver={isOver} onEdit={null} />
    </Queries>
  );
  const { rerender } = render(shown(false));
  await screen.findByText("It scores no live traffic yet");
  expect(screen.queryByText("Score live traffic")).not.toBeNull();
  rerender(shown(true));
  await screen.findByText("It scores no live traffic any more");
  expect(screen.queryByText("Score live traffic")).toBeNull();
});
