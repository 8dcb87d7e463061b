import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { isOff } from "@/kit/off.fake";
import { QueueSettings } from "./QueueSettings";

vi.mock("@/api/choices", () => ({ useDatasets: () => ({ choices: [] }) }));
beforeAll(preloadFloats);

it("says what is no share instead of saving none", async () => {
  const asked = slowApi({ "GET /v1/review/settings": { data: [{ prompt: null, low_rated: true, uncertain: true, sample: 0.05, dataset_id: null, most_waiting: null }] } });
  render(
    <Queries>
      <QueueSettings prompt={null} onClose={() => {}} />
    </Queries>,
  );
  const share = await screen.findByLabelText<HTMLInputElement>(/^And at random/);
  const save = screen.getByRole<HTMLButtonElement>("button", { name: "Save" });
  expect([share.value, isOff(save)]).toEqual(["5", false]);
  for (const wrong of ["2,5", "5 %", "101", "-1", ""]) {
    fireEvent.change(share, { target: { value: wrong } });
    expect([screen.queryByText("A number from 0 to 100.") !== null, isOff(save)], wrong).toEqual([true, true]);
  }
  fireEvent.change(share, { target: { value: "2.5" } });
  expect(screen.queryByText("A number from 0 to 100.")).toBeNull();
  fireEvent.click(save);
  expect((await asking(asked, "PUT", "/v1/review/settings")).body).toMatchObject({ sample: 0.025 });
});
