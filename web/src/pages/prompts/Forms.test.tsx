import { fireEvent, render, screen, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, slowApi } from "@/api/slow.fake";
import { Checks } from "./Checks";
import { ModelSettings } from "./ModelSettings";
import { Tools } from "./Tools";
import { type Draft, useDraft } from "./draft";

vi.mock("@tanstack/react-router", () => ({ Link: "a" }));
vi.mock("@/kit", async (all) => ({
  ...(await all<object>()),
  CodeEditor: ({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) => <textarea aria-label={label} value={value} onChange={(event) => onChange(event.target.value)} />,
}));

const now: { draft?: Draft } = {};

function Editor({ of, readOnly }: { of: object; readOnly: boolean }) {
  const draft = useDraft({ version: 1, messages: [{ role: "user", content: "a" }], model: "m", ...of });
  now.draft = draft;
  const { content, set, setFault, faults, unread } = draft;
  const parts = { content, set, setFault, faults, unread, readOnly };
  return (
    <>
      <ModelSettings {...parts} />
      <Tools {...parts} />
      <Checks {...parts} />
    </>
  );
}

function show(of: object = {}, readOnly = false) {
  slowApi({ "GET /v1/models": { data: [] } });
  render(
    <Queries>
      <Editor of={of} readOnly={readOnly} />
    </Queries>,
  );
}

const content = () => now.draft?.content as Record<string, unknown>;
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));
const write = (label: string, value: string, within_ = screen as Pick<typeof screen, "getByLabelText">) => fireEvent.change(within_.getByLabelText(label), { target: { value } });

it("makes a tool, asks for it, and takes both away together", () => {
  show();
  press("Add a tool");
  write("Function", "find_order");
  write("What it does", "Finds an order by its number.");
  write("Parameters of find_order, a JSON schema", '{"type": "object", "properties": {"number": {"type": "string"}}}');
  write("The model calls", "function:find_order");
  const parameters = { type: "object", properties: { number: { type: "string" } } };
  expect(content()["tools"]).toEqual([{ type: "function", function: { name: "find_order", description: "Finds an order by its number.", parameters } }]);
  expect(content()["tool_choice"]).toEqual({ type: "function", function: { name: "find_order" } });
  expect(now.draft?.changed).toEqual(["tools", "tool_choice"]);
  press("Take out find_order");
  expect(now.draft?.changed).toEqual([]);
});

it("keeps what a form has no field for, and the last schema that could be read", () => {
  const own = { type: "function", function: { name: "find", strict: true, parameters: { type: "object" } }, cache_control: { type: "ephemeral" } };
  show({ tools: [own, { type: "web_search" }], tool_choice: "required" });
  write("What it does", "Finds.");
  expect(content()["tools"]).toEqual([{ ...own, function: { ...own.function, description: "Finds." } }, { type: "web_search" }]);
  write("Parameters of find, a JSON schema", '{"type": ');
  expect(now.draft?.faults).toEqual({ "tools[0].parameters": "This is no JSON yet." });
  press("Take out find");
  expect([now.draft?.faults, content()["tools"], content()["tool_choice"]]).toEqual([{}, [{ type: "web_search" }], "required"]);
});

it("checks the input and the answer by kinds, each with its own fields", () => {
  show();
  press("Check the input");
  const input = within(screen.getByRole("region", { name: "The input: size" }));
  write("By", "pattern", input);
  write("Of the variable", "number", input);
  write("Pattern", "^[0-9]+$", input);
  press("Check the answer");
  press("Check the answer");
  const first = within(screen.getByRole("region", { name: "The answer: length" }));
  write("At most", "280", first);
  const second = within(screen.getByRole("region", { name: "The answer: length 2" }));
  write("By", "contains", second);
  write("Phrases", "lawsuit\n", second);
  expect((second.getByLabelText("Phrases") as HTMLTextAreaElement).value).toBe("lawsuit\n");
  write("It holds where the answer has", "none", second);
  fireEvent.click(screen.getByLabelText("Ask the model once more for an answer that is not valid"));
  expect([content()["input_validators"], content()["output_validators"], content()["repair_output"]]).toEqual([
    [{ name: "size", settings: { kind: "pattern", variable: "number", pattern: "^[0-9]+$" } }],
    [
      { name: "length", settings: { kind: "length", most_characters: 280 } },
      { name: "length 2", settings: { kind: "contains", phrases: ["lawsuit"], match: "none" } },
    ],
    false,
  ]);
  press("Take out the check length");
  press("Take out the check length 2");
  expect(now.draft?.changed).toEqual(["input_validators", "repair_output"]);
});

it("says how long answers are given again, and nothing where nothing is chosen", () => {
  show({ cache: { mode: "always", ttl_s: 60 } });
  write("For, s", "3600");
  expect(content()["cache"]).toEqual({ mode: "always", ttl_s: 3600 });
  write("Answers again", "");
  expect(content()["cache"]).toEqual({ ttl_s: 3600 });
  write("For, s", "");
  expect(content()["cache"]).toBeUndefined();
});

it("offers nothing to who may only read", () => {
  show({ tools: [{ type: "function", function: { name: "find" } }] }, true);
  expect(screen.queryByRole("button", { name: "Add a tool" })).toBeNull();
  expect(screen.queryByText("Checks")).toBeNull();
  expect(screen.getByLabelText<HTMLInputElement>("Function").readOnly).toBe(true);
});
