import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, it } from "vitest";
import { ApiError } from "@/api/errors";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import Toasts from "@/kit/Toasts";
import { Anchors } from "./Anchors";
import { ANCHORS_MOST, anchorFault, withAnchors } from "./search";

afterEach(cleanup);

const item = (id: string, words: string, more: object = {}) => ({ id, split: "train", input: words, expected: "card", metadata: {}, synthetic: false, added_version: 1, removed_version: null, ...more });
const page = (...data: object[]) => ({ data, next_cursor: null });
const PATH = "/v1/datasets/d/items";

function Form({ dataset = "d", before = [] as string[], error = null as unknown }) {
  const [chosen, setChosen] = useState<string[]>(before);
  return (
    <Queries>
      <Anchors dataset={dataset} chosen={chosen} error={error} onChange={setChosen} />
      <output>{chosen.join()}</output>
      <Toasts />
    </Queries>
  );
}
const chosen = () => document.querySelector("output")?.textContent;

it("chooses items by their words among those that a search sees, and takes them out again (O2)", async () => {
  const asked = slowApi();
  render(<Form />);
  fireEvent.click(screen.getByRole("button", { name: "Choose items" }));
  const first = await asking(asked, "GET", PATH);
  expect(first.query.get("split")).toBe("train,validation");
  await first.answer(page(item("a", "My card is lost"), item("b", "No card at all", { split: "validation" }), item("c", "Card two")));
  fireEvent.click(await screen.findByRole("checkbox", { name: "No card at all" }));
  expect(chosen()).toBe("b");
  expect(within(screen.getByRole("list", { name: "Chosen items" })).getByText("No card at all")).toBeTruthy();
  expect(screen.getByText("1 of at most 200.")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Choose the other 2 listed" }));
  expect(chosen()).toBe("b,a,c");
  fireEvent.click(screen.getByRole("button", { name: "Take out My card is lost" }));
  expect(chosen()).toBe("b,c");
  fireEvent.click(screen.getByRole("checkbox", { name: "Card two" }));
  expect(chosen()).toBe("b");
  expect(asked.filter((one) => one.query.get("item")).length, "what was listed is known").toBe(0);
});

it("tells what was chosen before by its words, and what the dataset holds no longer", async () => {
  const asked = slowApi();
  render(<Form before={["a", "b", "c"]} error={new ApiError(422, { message: "no such item", code: "invalid_field", param: "constraints.anchors[0]" })} />);
  const known = await asking(asked, "GET", PATH);
  expect(known.query.getAll("item")).toEqual(["a", "b", "c"]);
  await known.answer(page(item("a", "Where is it?"), item("b", "An old one", { removed_version: 3 })));
  const rows = () => within(screen.getByRole("list", { name: "Chosen items" })).getAllByRole("listitem");
  await screen.findByText("An old one");
  expect(rows().map((row) => row.textContent?.includes("not in the dataset"))).toEqual([true, true, true]);
  expect(screen.getByRole("alert").textContent).toContain("no such item");
});

it("asks for a dataset first, and chooses none of what people said", () => {
  slowApi();
  const { rerender } = render(<Form dataset={null as never} />);
  expect(screen.getByText("Choose a dataset first.")).toBeTruthy();
  rerender(<Form dataset="feedback" />);
  expect(screen.queryByRole("button", { name: "Choose items" })).toBeNull();
});

it("takes 200 and no more", () => {
  const many = Array.from({ length: ANCHORS_MOST + 5 }, (_, at) => String(at));
  expect(withAnchors(["5"], many, true)).toHaveLength(ANCHORS_MOST);
  expect(withAnchors(["5", "6"], ["6"], false)).toEqual(["5"]);
  expect(anchorFault(new ApiError(422, { message: "", code: "", param: "optimization.constraints.anchors[12]" }))).toBe(12);
  expect(anchorFault(new Error("other"))).toBeNull();
});
