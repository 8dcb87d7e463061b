import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, slowApi } from "@/api/slow.fake";
import { ModelSettings } from "./ModelSettings";
import { type Base, contentOf } from "./content";
import { type Draft, useDraft } from "./draft";
import { stopFrom, stopText } from "./stop";

vi.mock("@/kit", async (all) => ({
  ...(await all<object>()),
  CodeEditor: ({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) => <textarea aria-label={label} value={value} onChange={(event) => onChange(event.target.value)} />,
}));
vi.mock("@tanstack/react-router", () => ({ Link: "a" }));

const now: { draft?: Draft } = {};

function Settings({ newest }: { newest: Base }) {
  const draft = useDraft(newest);
  now.draft = draft;
  return <ModelSettings key={draft.turn} content={draft.content} set={draft.set} setFault={draft.setFault} faults={draft.faults} unread={draft.unread} readOnly={false} />;
}

function show(stop: unknown, more: object = {}) {
  slowApi({ "GET /v1/models": { data: [] } });
  render(
    <Queries>
      <Settings newest={{ version: 1, messages: [{ role: "user", content: "a" }], model: "m", stop, ...more }} />
    </Queries>,
  );
}

const field = () => screen.getByLabelText<HTMLTextAreaElement>("Stop at");
const type = (value: string) => fireEvent.change(field(), { target: { value } });
const stop = () => now.draft?.content.stop;

it("shows several stop sequences one a line, and keeps them several when one is changed", () => {
  show(["END", "\nUser:"]);
  expect(field().value).toBe("END\n\\nUser:");
  expect(screen.getByText("One a line. A line break within is \\n, a backslash \\\\.")).toBeTruthy();
  type("END.\n\\nUser:");
  expect([stop(), now.draft?.changed]).toEqual([["END.", "\nUser:"], ["stop"]]);
  type("END\n\\nUser:");
  expect(now.draft?.changed).toEqual([]);
});

it("keeps an empty line while somebody goes on below it, and takes the setting away with the last one", () => {
  show("END");
  type("END\n");
  expect([field().value, stop()]).toEqual(["END\n", "END"]);
  type("END\nSTOP HERE ");
  expect([field().value, stop()]).toEqual(["END\nSTOP HERE ", ["END", "STOP HERE "]]);
  type("");
  expect([field().value, "stop" in (contentOf(now.draft?.content ?? {}) as object)]).toEqual(["", false]);
});

it.each([["\n\n"], ["\\n"], ["\\"], ["a\tb\r\nc"], [" "], ["\\end"], [["a", "\\\\n", "\n"]]])("writes %j so that it is read again as it is", (value) => {
  expect(stopFrom(stopText(value))).toEqual(value);
});

it.each([["config", "Config, as JSON"], ["extra", "Extra, as JSON"]])("keeps %s as JSON, and refuses what is no object", (field, label) => {
  show("END", { [field]: { voice: "warm" } });
  const config = screen.getByLabelText<HTMLTextAreaElement>(label);
  expect(JSON.parse(config.value)).toEqual({ voice: "warm" });
  fireEvent.change(config, { target: { value: '["warm"]' } });
  expect([now.draft?.content[field], screen.getByRole("alert").textContent]).toEqual([{ voice: "warm" }, "An object, such as {}."]);
  fireEvent.change(config, { target: { value: '{"voice": "cold"}' } });
  expect([now.draft?.content[field], now.draft?.changed]).toEqual([{ voice: "cold" }, [field]]);
  fireEvent.change(config, { target: { value: "" } });
  expect(now.draft?.content[field]).toBeUndefined();
});
