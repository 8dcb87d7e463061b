import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { AddItems } from "./AddItems";
import { isOff } from "@/kit/off.fake";

beforeAll(preloadFloats);

it("adds nothing before it knows by which variables the dataset's items are asked", async () => {
  const asked = slowApi({ "POST /v1/datasets/preview": {} });
  render(
    <Queries>
      <AddItems id="d" open onOpenChange={() => {}} />
    </Queries>,
  );
  fireEvent.change(screen.getByLabelText("Items"), { target: { value: "request,expected\nWhere is it?,delivery" } });
  const add = () => screen.getByRole<HTMLButtonElement>("button", { name: /^Add/ });
  expect(isOff(add())).toBe(true);
  await (await asking(asked, "GET", "/v1/datasets/d/items")).answer({ data: [{ id: "i", input: { request: "x" }, expected: "y" }], next_cursor: null });
  await vi.waitFor(() => expect(isOff(add())).toBe(false));
  fireEvent.click(add());
  expect((await asking(asked, "POST", "/v1/datasets/d/items")).body).toMatchObject({ items: [{ input: { request: "Where is it?" }, expected: "delivery" }] });
});
