import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { EditMetric } from "./EditMetric";
import type { Metric } from "./metric";
import { isOff } from "@/kit/off.fake";

vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true }), needs: () => "" }));
beforeAll(preloadFloats);

const RESOLVED: Metric = { name: "resolved", type: "number", direction: "higher", min: 0, max: 1, updated_at: "2026-11-01T00:00:00Z", updated_by: "api_key:a" };

it("looks once more before it sends, and keeps what somebody else changed", async () => {
  const asked = slowApi({ "GET /v1/metrics": { data: [{ ...RESOLVED, direction: "lower" }] } });
  render(
    <Queries>
      <EditMetric metric={RESOLVED} onClose={() => {}} />
    </Queries>,
  );
  fireEvent.change(screen.getByLabelText("At most"), { target: { value: "5" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await screen.findByText("Changed by somebody meanwhile.");
  expect(screen.getByLabelText<HTMLSelectElement>("Better is").value).toBe("lower");
  expect(asked).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect((await asking(asked, "PUT", "/v1/metrics/resolved")).body).toEqual({ type: "number", direction: "lower", min: 0, max: 5 });
});

it("declares none over one of that name that somebody declared while the form was open", async () => {
  const known = { "GET /v1/metrics": { data: [] as Metric[] } };
  const asked = slowApi(known);
  render(
    <Queries>
      <EditMetric metric={null} onClose={() => {}} />
    </Queries>,
  );
  const button = screen.getByRole<HTMLButtonElement>("button", { name: "Declare it" });
  fireEvent.change(screen.getByLabelText(/^Name/), { target: { value: "resolved" } });
  await vi.waitFor(() => expect(isOff(button)).toBe(false));
  known["GET /v1/metrics"] = { data: [RESOLVED] };
  fireEvent.click(button);
  await screen.findByText("There is a metric resolved: edit it.");
  expect(asked).toEqual([]);
});
