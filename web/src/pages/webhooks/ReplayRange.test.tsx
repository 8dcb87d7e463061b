import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { ReplayRange } from "./ReplayRange";
import { isOff } from "@/kit/off.fake";

beforeAll(preloadFloats);

it("says where a year has a digit too many, and sends what is a moment", async () => {
  const asked = slowApi({ "GET /v1/webhooks/events": { data: [] } });
  render(
    <Queries>
      <ReplayRange endpoint={{ id: "e1" } as never} onOpenChange={() => {}} onBegun={() => {}} />
    </Queries>,
  );
  const from = await screen.findByLabelText<HTMLInputElement>(/^Made from/);
  // As browsers let one type it: they know years up to 275760, and the document of these tests does not.
  from.type = "text";
  fireEvent.change(from, { target: { value: "12026-11-20T10:00" } });
  expect(screen.getByText(/year of four digits/)).toBeTruthy();
  expect(isOff(screen.getByRole<HTMLButtonElement>("button", { name: "Send again" }))).toBe(true);
  fireEvent.change(from, { target: { value: "2026-11-20T10:00" } });
  fireEvent.click(screen.getByRole("button", { name: "Send again" }));
  const sent = await asking(asked, "POST", "/v1/webhooks/endpoints/e1/replay");
  expect(sent).toBeTruthy();
});
