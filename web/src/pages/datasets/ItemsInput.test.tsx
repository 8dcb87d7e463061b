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

it("forgets what was wrong with a file once something else is typed", async () => {
  slowApi();
  const { container } = render(
    <Queries>
      <ItemsInput onItems={() => {}} />
    </Queries>,
  );
  const file = new File([new Uint8Array([0xe4, 0x2c, 0x62])], "latin.csv");
  const input = container.querySelector("input[type=file]") as HTMLInputElement;
  fireEvent.change(input, { target: { files: [file] } });
  expect((await screen.findByRole("alert")).textContent).toContain("CSV UTF-8");
  fireEvent.change(screen.getByRole("textbox"), { target: { value: "input,expected\na,b,c" } });
  expect(screen.getByRole("alert").textContent).toContain("Line 2 has 3 fields");
  fireEvent.change(screen.getByRole("textbox"), { target: { value: "input,expected\na,b" } });
  expect(screen.queryByRole("alert")).toBeNull();
});
