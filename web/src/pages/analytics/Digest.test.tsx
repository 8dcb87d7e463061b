import { fireEvent, render, screen, within } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { Digest } from "./Digest";

vi.mock("@tanstack/react-router", async () => ({ Link: (await import("../../kit/link.fake")).Link }));
vi.mock("@/api/session", () => ({ useMay: () => ({ admin: true }), needs: () => "" }));
beforeAll(preloadFloats);

it("says that no channel takes it only once that is known", async () => {
  const asked = slowApi({ "GET /v1/reports/schedules": { data: [] } });
  render(
    <Queries>
      <Digest open onOpenChange={() => {}} />
    </Queries>,
  );
  const channels = await asking(asked, "GET", "/v1/alert-channels");
  expect(screen.queryByText(/No channel of this workspace/)).toBeNull();
  await channels.answer({ data: [], next_cursor: null });
  await screen.findByText(/No channel of this workspace/);
});

it("offers UTC, which is no time zone of some browsers", async () => {
  vi.spyOn(Intl, "supportedValuesOf").mockReturnValue(["Asia/Katmandu", "Europe/Vienna"]);
  slowApi({ "GET /v1/reports/schedules": { data: [] } });
  render(
    <Queries>
      <Digest open onOpenChange={() => {}} />
    </Queries>,
  );
  fireEvent.click(await screen.findByRole("button", { name: /^Time zone/ }));
  const list = within(await screen.findByRole("dialog", { name: "Time zone" }));
  expect((await list.findAllByRole("option")).map((one) => one.textContent)).toEqual(["UTC", "Asia/Katmandu", "Europe/Vienna"]);
});

const THEIRS = { every: "daily", weekday: "friday", hour: 6, time_zone: "UTC", channels: [], enabled: true, next_at: null, last_report_id: null };

it("sets no digest up over the one that somebody set up meanwhile, before that was seen", async () => {
  const known: Record<string, unknown> = { "GET /v1/reports/schedules": { data: [] }, "GET /v1/alert-channels": { data: [], next_cursor: null } };
  const asked = slowApi(known);
  render(
    <Queries>
      <Digest open onOpenChange={() => {}} />
    </Queries>,
  );
  fireEvent.change(await screen.findByLabelText("Hour"), { target: { value: "9" } });
  known["GET /v1/reports/schedules"] = { data: [THEIRS] };
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await screen.findByText("Somebody set the digest up meanwhile.");
  expect(asked).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect((await asking(asked, "PUT", "/v1/reports/schedule")).body).toEqual({ every: "daily", weekday: "friday", hour: 9, time_zone: "UTC", channels: [], enabled: true });
});
