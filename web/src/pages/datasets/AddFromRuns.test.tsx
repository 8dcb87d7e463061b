import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { AddFromRuns } from "./AddFromRuns";

vi.mock("@/api/choices", () => ({ usePromptChoices: () => ({ choices: ["one", "two"].map((value) => ({ value, label: value })), onSearch: () => undefined }) }));
beforeAll(preloadFloats);

const choose = async (prompt: string) => {
  fireEvent.click(screen.getByRole("button", { name: /^Prompt/ }));
  fireEvent.click(await screen.findByText(prompt, { selector: "[cmdk-item] *" }));
};

it("offers no run of the prompt before as one of the prompt that was chosen since", async () => {
  const asked = slowApi({ "GET /v1/executions/e1": { id: "e1", output: "yes", variables: { ticket: "of one" }, messages: null, simulated: true } });
  render(
    <Queries>
      <AddFromRuns id="d" open onOpenChange={() => {}} />
    </Queries>,
  );
  await choose("one");
  await (await asking(asked, "GET", "/v1/executions")).answer({ data: [{ id: "e1", created_at: "2026-11-01T00:00:00Z" }], next_cursor: null });
  await screen.findByLabelText("of one");
  await choose("two");
  expect(screen.queryByLabelText("of one")).toBeNull();
  await (await asking(asked, "GET", "/v1/executions", 2)).answer({ data: [], next_cursor: null });
  await screen.findByText("No runs of this prompt");
});

it("reaches the runs further back, and keeps what was chosen among the newest", async () => {
  const run = (id: string) => ({ id, output: "yes", variables: { ticket: `of ${id}` }, messages: null, simulated: true });
  const asked = slowApi({ "GET /v1/executions/e1": run("e1"), "GET /v1/executions/e2": run("e2") });
  render(
    <Queries>
      <AddFromRuns id="d" open onOpenChange={() => {}} />
    </Queries>,
  );
  await choose("one");
  await (await asking(asked, "GET", "/v1/executions")).answer({ data: [{ id: "e1", created_at: "2026-11-01T00:00:00Z" }], next_cursor: "further" });
  fireEvent.click(await screen.findByLabelText("of e1"));
  fireEvent.click(screen.getByRole("button", { name: "Load more" }));
  const more = await asking(asked, "GET", "/v1/executions", 2);
  expect(more.query.get("cursor")).toBe("further");
  await more.answer({ data: [{ id: "e2", created_at: "2026-10-01T00:00:00Z" }], next_cursor: null });
  await screen.findByLabelText("of e2");
  expect([screen.getByLabelText<HTMLInputElement>("of e1").checked, screen.queryByRole("button", { name: "Load more" })]).toEqual([true, null]);
});
