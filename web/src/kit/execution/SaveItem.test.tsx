import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "../floats";
import { SaveItem } from "./SaveItem";
import { keepUsualDataset } from "./usual-dataset";
import { isOff } from "@/kit/off.fake";

beforeAll(preloadFloats);
beforeEach(() => localStorage.clear());

it("asks for no name of a new dataset while it is not known that there is none, and saves into none by then", async () => {
  const asked = slowApi();
  render(
    <Queries>
      <SaveItem open onOpenChange={() => {}} item={{ executionId: "e", prompt: null, input: "in", expected: "out" }} />
    </Queries>,
  );
  const save = () => screen.getByRole<HTMLButtonElement>("button", { name: "Save" });
  expect(screen.queryByLabelText(/Its name/)).toBeNull();
  expect(isOff(save())).toBe(true);
  await (await asking(asked, "GET", "/v1/datasets")).answer({ data: [], next_cursor: null });
  await screen.findByLabelText(/Its name/);
  fireEvent.change(screen.getByLabelText(/Its name/), { target: { value: "mine" } });
  await vi.waitFor(() => expect(isOff(save())).toBe(false));
});

const TWO = { data: [{ id: "d1", name: "Newest", counts: {} }, { id: "old", name: "Old", counts: {} }], next_cursor: null };
const chosen = () => screen.getByRole("button", { name: /^Dataset:/ }).getAttribute("aria-label");
const show = (prompt: string | null) =>
  render(
    <Queries>
      <SaveItem open onOpenChange={() => {}} item={{ executionId: "e", prompt, input: "in", expected: "out" }} />
    </Queries>,
  );

it("offers the dataset of the newest test run or search of the prompt, else the newest dataset", async () => {
  const one = (dataset_id: string, day: string) => ({ data: [{ dataset_id, created_at: `2026-11-${day}T10:00:00Z` }], next_cursor: null });
  slowApi({ "GET /v1/datasets": TWO, "GET /v1/test-runs": one("d1", "10"), "GET /v1/optimizations": one("old", "12") });
  show("greet");
  await vi.waitFor(() => expect(chosen()).toBe("Dataset: Old"));
  cleanup();
  show(null);
  await vi.waitFor(() => expect(chosen()).toBe("Dataset: Newest"));
  cleanup();
  slowApi({ "GET /v1/datasets": TWO, "GET /v1/test-runs": one("gone", "10"), "GET /v1/optimizations": { data: [], next_cursor: null } });
  show("greet");
  await vi.waitFor(() => expect(chosen()).toBe("Dataset: Newest"));
});

it("offers next time where the last item of the prompt was saved", async () => {
  const asked = slowApi({ "GET /v1/datasets": TWO, "GET /v1/test-runs": { data: [], next_cursor: null }, "GET /v1/optimizations": { data: [], next_cursor: null } });
  keepUsualDataset("other", "d1");
  keepUsualDataset("greet", "old");
  show("greet");
  await vi.waitFor(() => expect(chosen()).toBe("Dataset: Old"));
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await asking(asked, "POST", "/v1/datasets/old/items");
});
