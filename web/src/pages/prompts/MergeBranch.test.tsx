import { fireEvent, render, screen, within } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { MergeBranch } from "./MergeBranch";
import { isOff } from "@/kit/off.fake";

vi.mock("@tanstack/react-router", () => ({ Link: "a" }));
beforeAll(preloadFloats);

const whole = { version: 2, model: "m", max_tokens: 50, messages: [{ role: "user", content: "Greet warmly." }] };
const conflict = (part: string, base: unknown, ours: unknown, theirs: unknown) => ({ part, base, ours, theirs });

async function show(conflicts: object[]) {
  const preview = { slug: "a", ours: 2, theirs: 3, ancestor_version: 1, clean: conflicts.length === 0, content: { model: "m", messages: whole.messages }, conflicts };
  const asked = slowApi({
    "GET /v1/prompts/a/branches": { data: [{ branch: "main", version: 2 }, { branch: "formal", version: 3 }], next_cursor: null }, // prettier-ignore
    "GET /v1/prompts/a/versions/2/merge/3": preview,
    "GET /v1/prompts/a/versions/2": whole,
  });
  render(
    <Queries>
      <MergeBranch slug="a" newest={2} onClose={() => undefined} onSaved={() => undefined} />
    </Queries>,
  );
  await screen.findByRole("table");
  return asked;
}

const merge = () => screen.getByRole<HTMLButtonElement>("button", { name: "Merge" });
const part = (name: string) => within(screen.getByRole("group", { name: `What stands: ${name}` }));
const write = (name: string, text: string) => {
  fireEvent.click(part(name).getByLabelText("A text of your own"));
  fireEvent.change(part(name).getByRole("textbox"), { target: { value: text } });
};

it("shows a setting that the merge takes away as taken away", async () => {
  await show([]);
  const row = screen.getByText("Max tokens").closest("tr");
  expect(row?.textContent).toContain("50");
  expect(row?.textContent).toContain("not set");
});

it("lists base, ours and theirs of what both changed, and sends a side or a text of one's own", async () => {
  const asked = await show([conflict("messages:1", "Greet.", "Greet warmly.", "Greet formally."), conflict("temperature", null, 0.2, 0.9), conflict("parameters.name", { type: "string" }, null, { type: "number" })]); // prettier-ignore
  for (const words of ["v1, before both", "Greet.", "main v2", "Greet warmly.", "formal v3", "Greet formally."]) part("Lines 1").getByText(words);
  part("Temperature").getByText("Nothing stands there.");
  // It is reached by keyboard and says why; pressed, it sends nothing.
  expect(merge().getAttribute("aria-disabled")).toBe("true");
  expect(document.getElementById(merge().getAttribute("aria-describedby") ?? "")?.textContent).toBe("3 parts still to decide.");
  fireEvent.click(merge());
  expect(asked.some((one) => one.method === "POST" && one.path.endsWith("/merge"))).toBe(false);

  write("Lines 1", "Greet warmly and formally.");
  fireEvent.click(part("Variable name").getByLabelText("v1, before both"));
  write("Temperature", "0,5");
  part("Temperature").getByText(/^This cannot be read/);
  expect(merge().getAttribute("aria-disabled")).toBe("true");
  write("Temperature", "0.5");
  fireEvent.click(merge());
  const { body } = await asking(asked, "POST", "/v1/prompts/a/merge");
  expect(body).toMatchObject({
    version: 3,
    base_version: 2,
    resolutions: [
      { part: "messages:1", value: "Greet warmly and formally." },
      { part: "temperature", value: 0.5 },
      { part: "parameters.name", take: "base" },
    ],
  });
});

it("begins one's own text with the side that was chosen, and takes nothing for nothing", async () => {
  const asked = await show([conflict("messages:1", "Greet.", "Greet warmly.", "Greet formally.")]);
  fireEvent.click(part("Lines 1").getByLabelText("formal v3"));
  fireEvent.click(part("Lines 1").getByLabelText("A text of your own"));
  expect(part("Lines 1").getByRole<HTMLTextAreaElement>("textbox").value).toBe("Greet formally.");
  fireEvent.change(part("Lines 1").getByRole("textbox"), { target: { value: "" } });
  fireEvent.click(merge());
  expect((await asking(asked, "POST", "/v1/prompts/a/merge")).body).toMatchObject({ resolutions: [{ part: "messages:1", value: null }] });
});

it("offers no text of one's own for lines that go beyond one message", async () => {
  await show([conflict("messages:1", "a", [{ role: "user", content: "b" }], "c")]);
  expect(part("Lines 1").queryByLabelText("A text of your own")).toBeNull();
  part("Lines 1").getByText(/^These lines go beyond one message/);
});

it("shows and begins a text among other values as it is written there, as JSON (P6)", async () => {
  const asked = await show([conflict("stop", null, "END", ["a", "b"])]);
  part("Stop").getByText('"END"');
  fireEvent.click(part("Stop").getByLabelText("A text of your own"));
  expect(part("Stop").getByRole<HTMLTextAreaElement>("textbox").value).toBe('"END"');
  expect(isOff(merge())).toBe(false);
  fireEvent.change(part("Stop").getByRole("textbox"), { target: { value: " \n" } });
  fireEvent.click(merge());
  expect((await asking(asked, "POST", "/v1/prompts/a/merge")).body).toMatchObject({ resolutions: [{ part: "stop", value: null }] });
});
