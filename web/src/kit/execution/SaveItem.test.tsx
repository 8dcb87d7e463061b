import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "../floats";
import { SaveItem } from "./SaveItem";

beforeAll(preloadFloats);

it("asks for no name of a new dataset while it is not known that there is none, and saves into none by then", async () => {
  const asked = slowApi();
  render(
    <Queries>
      <SaveItem open onOpenChange={() => {}} item={{ executionId: "e", input: "in", expected: "out" }} />
    </Queries>,
  );
  const save = () => screen.getByRole<HTMLButtonElement>("button", { name: "Save" });
  expect(screen.queryByLabelText(/Its name/)).toBeNull();
  expect(save().disabled).toBe(true);
  await (await asking(asked, "GET", "/v1/datasets")).answer({ data: [], next_cursor: null });
  await screen.findByLabelText(/Its name/);
  fireEvent.change(screen.getByLabelText(/Its name/), { target: { value: "mine" } });
  await vi.waitFor(() => expect(save().disabled).toBe(false));
});
