import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { MoveFolder } from "./Folders";

vi.mock("@tanstack/react-router", () => ({ Link: "a", useNavigate: () => () => undefined }));
beforeAll(preloadFloats);

it("is at work from the press on: it neither closes nor moves twice while it is asked what lies in the folder", async () => {
  const asked = slowApi({ "GET /v1/folders": { data: [], next_cursor: null } });
  const closed = vi.fn();
  render(
    <Queries>
      <MoveFolder folder="a" onClose={closed} onMoved={() => {}} />
    </Queries>,
  );
  fireEvent.change(screen.getByLabelText("New path"), { target: { value: "b" } });
  fireEvent.click(screen.getByRole("button", { name: "Move" }));
  const listing = await asking(asked, "GET", "/v1/prompts");
  fireEvent.click(screen.getByRole("button", { name: "Move" }));
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  expect(closed).not.toHaveBeenCalled();
  await listing.answer({ data: [{ slug: "one", folder: "a" }], next_cursor: null });
  await (await asking(asked, "PATCH", "/v1/prompts/one")).answer({});
  await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1));
  expect(asked.filter((one) => one.method === "PATCH")).toHaveLength(1);
});
