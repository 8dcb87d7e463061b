import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { ScheduleForm } from "./ScheduleForm";

vi.mock("@tanstack/react-router", () => ({ Link: "a", useNavigate: () => () => undefined }));
beforeAll(preloadFloats);

const page = { data: [], next_cursor: null };
const SCHEDULE = { id: "s", name: "Mondays", prompt: "a", cron: "0 6 * * 1", time_zone: "UTC", paused: false, month_credits: 1000, optimization: { prompt: "a", dataset_id: "d", method: "racing", budget: { evaluations: 900, credits: 50 } } };

it("looks once more before it sends, and keeps what somebody asked for meanwhile, also where no field shows it", async () => {
  const asked = slowApi({
    "GET /v1/prompts": page, "GET /v1/datasets": page, "GET /v1/prompts/a": { slug: "a", labels: {}, latest_version: 2 }, "GET /v1/models": { data: [] }, "GET /v1/chains": page,
    "GET /v1/optimization-schedules/s": { ...SCHEDULE, cron: "0 7 * * 1", optimization: { ...SCHEDULE.optimization, constraints: { latency_ms_most: 900 } } },
  }); // prettier-ignore
  render(
    <Queries>
      <ScheduleForm open onOpenChange={() => {}} schedule={SCHEDULE as never} />
    </Queries>,
  );
  fireEvent.change(screen.getByLabelText(/^Name/), { target: { value: "Early" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await screen.findByText("Changed by somebody meanwhile.");
  expect(screen.getByLabelText<HTMLInputElement>(/^Cron line/).value).toBe("0 7 * * 1");
  expect(asked.filter((one) => one.method !== "GET")).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect((await asking(asked, "PATCH", "/v1/optimization-schedules/s")).body).toMatchObject({ name: "Early", cron: "0 7 * * 1", optimization: { constraints: { latency_ms_most: 900 } } });
});
