import { act, fireEvent, render, screen, within } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { EditInbound } from "./EditInbound";
import type { Inbound } from "./inbound";
import { isOff } from "@/kit/off.fake";

vi.mock("@tanstack/react-router", async () => import("../../kit/link.fake"));

beforeAll(preloadFloats);

const SURVEY: Inbound = { id: "e", name: "survey", path: "/v1/inbound/e", scheme: "standard_webhooks", header: null, prefix: "", encoding: "hex", mapping: { execution_id: "data.run", score: "data.rating" }, created_by: "user:1", created_at: "2026-11-20T10:00:00Z", updated_at: null, previous_secret_until: null, revision: 3 };
const refusal = (param: string, more: object = {}) => ({ error: { type: "t", code: "conflict", message: `Wrong: ${param}`, param, retryable: false, request_id: "r", details: more } });

function show() {
  Element.prototype.scrollIntoView = () => Promise.resolve() as never; // as Chromium's does
  const asked = slowApi({});
  const form = (of: Inbound) => (
    <Queries>
      <EditInbound of={of} onClose={() => undefined} />
    </Queries>
  );
  const { rerender } = render(form(SURVEY));
  return { asked, read: (of: Inbound) => act(() => rerender(form(of))) };
}

const write = (label: string, text: string) => fireEvent.change(screen.getByLabelText(label), { target: { value: text } });
const save = () => fireEvent.click(screen.getByRole("button", { name: "Save" }));

it("keeps what was typed where somebody saved meanwhile, tells what they changed, and saves over it when asked again", async () => {
  const { asked, read } = show();
  await screen.findByLabelText("Score");
  write("Score", "data.rating / 5");
  save();
  const sent = await asking(asked, "PATCH", "/v1/inbound-endpoints/e");
  expect(sent.body).toEqual({ mapping: { execution_id: "data.run", score: "data.rating / 5" }, revision: 3 });
  await sent.answer(refusal("revision", { revision: 4 }), 409);
  read({ ...SURVEY, mapping: { execution_id: "data.run", score: "data.stars", comment: "data.words" }, revision: 4 });
  const told = within(await screen.findByRole("list", { name: "What they changed" })).getAllByRole("listitem");
  expect(told.map((one) => one.textContent)).toEqual(["Score: data.stars (you: data.rating / 5)", "Comment: data.words"]);
  expect([screen.getByLabelText<HTMLInputElement>("Score").value, screen.getByLabelText<HTMLInputElement>("Comment").value]).toEqual(["data.rating / 5", "data.words"]);
  expect(screen.queryByText(/Wrong: revision/)).toBeNull();
  save();
  expect((await asking(asked, "PATCH", "/v1/inbound-endpoints/e", 2)).body).toEqual({ mapping: { execution_id: "data.run", score: "data.rating / 5", comment: "data.words" }, revision: 4 });
});

it("takes theirs where that is asked for", async () => {
  const { read } = show();
  await screen.findByLabelText("Score");
  write("Score", "data.rating / 5");
  read({ ...SURVEY, mapping: { execution_id: "data.run", score: "data.stars" }, revision: 4 });
  fireEvent.click(await screen.findByRole("button", { name: "Take theirs" }));
  expect(screen.getByLabelText<HTMLInputElement>("Score").value).toBe("data.stars");
  expect(isOff(screen.getByRole<HTMLButtonElement>("button", { name: "Save" }))).toBe(true);
});

it("shows a fault of a metric or of an imported run at its expression", async () => {
  const { asked } = show();
  await screen.findByLabelText("Score");
  write("Value of a metric", "data.seconds +");
  write("The metric's name", "handling_time");
  save();
  await (await asking(asked, "PATCH", "/v1/inbound-endpoints/e")).answer(refusal("mapping.metric"), 422);
  await vi.waitFor(() => expect(screen.getByLabelText("Value of a metric").getAttribute("aria-invalid")).toBe("true"));
  expect(screen.getByLabelText("The metric's name").getAttribute("aria-invalid")).toBeNull();
  write("Id of an imported run", "data.trace +");
  save();
  await (await asking(asked, "PATCH", "/v1/inbound-endpoints/e", 2)).answer(refusal("mapping.imported"), 422);
  await vi.waitFor(() => expect(screen.getByLabelText("Id of an imported run").getAttribute("aria-invalid")).toBe("true"));
  expect(screen.getByLabelText("Value of a metric").getAttribute("aria-invalid")).toBeNull();
});

it("says it there without the API's name of it", async () => {
  const { asked } = show();
  await screen.findByLabelText("Score");
  write("Value of a metric", "data.seconds +");
  write("The metric's name", "handling_time");
  save();
  const { error } = refusal("mapping.metric");
  await (await asking(asked, "PATCH", "/v1/inbound-endpoints/e")).answer({ error: { ...error, message: "mapping.metric: must be an expression" } }, 422);
  expect((await screen.findByRole("alert")).textContent).toBe("Must be an expression");
});
