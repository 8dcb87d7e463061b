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
