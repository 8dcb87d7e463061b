import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { ItemsInput } from "./ItemsInput";

it("leaves what was typed while the examples were on their way", async () => {
  const asked = slowApi();
  render(
    <Queries>
      <ItemsInput withExample onItems={() => {}} />
    </Queries>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Take example tickets" }));
  const examples = await asking(asked, "GET", "/app/examples/support-tickets.txt");
  fireEvent.change(screen.getByLabelText("Items"), { target: { value: "ticket,expected\nmine,yes" } });
  await examples.answer('{"ticket": "theirs", "expected": "no"}');
  expect(screen.getByLabelText<HTMLTextAreaElement>("Items").value).toContain("mine");
  expect(screen.queryByText("support-tickets.jsonl")).toBeNull();
});
