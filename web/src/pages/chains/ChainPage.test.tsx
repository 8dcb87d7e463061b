import { QueryClient } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { tellSignedOut } from "@/api/client";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { isUnsaved } from "@/api/unsaved";
import { preloadFloats } from "@/kit/floats";
import ChainPage from "./ChainPage";

const at = vi.hoisted(() => ({ search: {}, user: "ada" }));
afterEach(() => {
  cleanup();
  at.search = {};
  at.user = "ada";
});
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useSearch: () => at.search, useParams: () => ({ slug: "c" }), useBlocker: () => ({ status: "idle" }) }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, editPrompts: true, run: true }), needs: () => "", useSession: () => ({ user: { id: at.user }, workspace: { id: "w" } }) }));
vi.mock("@/api/choices", () => ({ usePromptChoices: () => ({ choices: [], onSearch: () => undefined }) }));
vi.mock("./Graph", () => ({ Graph: () => null }));
beforeAll(preloadFloats);

const chain = (version: number, when: string) => ({ slug: "c", name: "c", description: "", folder: "", tags: [], version, labels: {}, archived_at: null, parameters: {}, output: null, deadline_s: null, steps: [{ id: "step_1", prompt: null, if: when }] });
const when = () => screen.getByLabelText<HTMLInputElement>("Only if").value;

const show = async () => {
  const asked = slowApi();
  const client = new QueryClient();
  const { rerender } = render(<Queries of={client}><ChainPage /></Queries>);
  await (await asking(asked, "GET", "/v1/chains/c")).answer(chain(1, "true"));
  const again = async (said: object) => {
    void act(() => void client.invalidateQueries());
    await (await asking(asked, "GET", "/v1/chains/c", asked.filter((one) => one.path === "/v1/chains/c").length + 1)).answer(said);
  };
  const goTo = (tab: string) => {
    at.search = { tab };
    rerender(<Queries of={client}><ChainPage /></Queries>);
  };
  return { asked, again, goTo };
};

it("keeps what is being written when a colleague saves a newer version, and saves it over none that one has not seen", async () => {
  const { asked, again } = await show();
  fireEvent.change(screen.getByLabelText("Only if"), { target: { value: "mine" } });
  await again(chain(2, "theirs"));
  expect(when()).toBe("mine");
  screen.getByText("v2 was saved meanwhile.");
  fireEvent.click(screen.getByRole("button", { name: "Save…" }));
  fireEvent.click(await screen.findByRole("button", { name: "Save" }));
  expect((await asking(asked, "POST", "/v1/chains/c/versions")).body).toMatchObject({ base_version: 1 });
});

it("follows a newer version where nothing was written, and its own", async () => {
  const { asked, again } = await show();
  await again(chain(2, "theirs"));
  expect(when()).toBe("theirs");
  fireEvent.change(screen.getByLabelText("Only if"), { target: { value: "mine" } });
  fireEvent.click(screen.getByRole("button", { name: "Save…" }));
  fireEvent.click(await screen.findByRole("button", { name: "Save" }));
  await (await asking(asked, "POST", "/v1/chains/c/versions")).answer(chain(3, "mine"));
  expect(when()).toBe("mine");
  screen.getByText("v3, 1 step");
});

const write = (text: string) => fireEvent.change(screen.getByLabelText("Only if"), { target: { value: text } });

it("keeps what is being written while one looks at the other tabs", async () => {
  const { goTo } = await show();
  write("mine");
  for (const tab of ["runs", "about"]) {
    goTo(tab);
    expect([screen.queryByLabelText("Only if"), screen.getByRole("tab", { name: /^Chain/ }).textContent]).toEqual([null, "Chainnot saved"]);
  }
  goTo("chain");
  expect(when()).toBe("mine");
  screen.getByText("Not saved, over v1");
});

/** The session ends by itself, and somebody signs in. */
const signInAgain = async (user: string) => {
  act(() => tellSignedOut(null));
  cleanup();
  at.user = user;
  return show();
};

it.each(["chain", "runs"])("has what was written again after the session ended on the tab %s, over the version that it was written over", async (tab) => {
  const { goTo } = await show();
  write("mine");
  goTo(tab);
  at.search = {};
  const { again } = await signInAgain("ada");
  expect(when()).toBe("mine");
  await again(chain(2, "theirs"));
  expect(when()).toBe("mine");
  screen.getByText("v2 was saved meanwhile.");
  expect(Object.keys(sessionStorage)).toEqual([]);
});

it("gives it to nobody else, and keeps nothing where nothing was written", async () => {
  await show();
  write("mine");
  await signInAgain("ben");
  expect(when()).toBe("true");
  sessionStorage.clear();
  await signInAgain("ben");
  expect(Object.keys(sessionStorage)).toEqual([]);
});

it("keeps what is being written in its settings while one looks at the other tabs, and asks before it is thrown away", async () => {
  at.search = { tab: "about" };
  const { goTo } = await show();
  expect(isUnsaved("c")).toBe(false);
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "mine" } });
  goTo("chain");
  expect([screen.queryByRole("textbox", { name: "Name" }), isUnsaved("c")]).toEqual([null, true]);
  goTo("about");
  expect(screen.getByRole<HTMLInputElement>("textbox", { name: "Name" }).value).toBe("mine");
});

const save = async () => {
  fireEvent.click(screen.getByRole("button", { name: "Save…" }));
  fireEvent.click(await screen.findByRole("button", { name: "Save" }));
};

it("changes the variables, the output and the deadline, and sends them with the steps", async () => {
  const { asked } = await show();
  fireEvent.change(screen.getByLabelText("New variable"), { target: { value: "ticket" } });
  fireEvent.click(screen.getByRole("button", { name: "Add" }));
  fireEvent.change(screen.getByLabelText("Type of ticket"), { target: { value: "number" } });
  fireEvent.change(screen.getByLabelText("Default of ticket"), { target: { value: "drei" } });
  fireEvent.change(screen.getByLabelText("Output"), { target: { value: "several" } });
  fireEvent.change(screen.getByLabelText("New part of the output"), { target: { value: "reply" } });
  fireEvent.keyDown(screen.getByLabelText("New part of the output"), { key: "Enter" });
  fireEvent.change(screen.getByLabelText("Output reply"), { target: { value: "steps.step_1.output" } });
  fireEvent.change(screen.getByLabelText("Deadline, s"), { target: { value: "1,5" } });
  screen.getByText(/^A default that is no text is written as JSON/);
  screen.getByText("Seconds, above 0 and at most 3,600.");
  expect(screen.getByRole("button", { name: "Save…" }).getAttribute("aria-disabled")).toBe("true");
  fireEvent.change(screen.getByLabelText("Default of ticket"), { target: { value: "3" } });
  fireEvent.change(screen.getByLabelText("Deadline, s"), { target: { value: "60" } });
  await save();
  const sent = await asking(asked, "POST", "/v1/chains/c/versions");
  expect(sent.body).toMatchObject({ base_version: 1, parameters: { ticket: { type: "number", default: 3 } }, output: { reply: "steps.step_1.output" }, deadline_s: 60 });

  // As the gateway says it: keys in their own order, and nothing that was not given.
  await sent.answer({ ...chain(2, "true"), output: { reply: "steps.step_1.output" }, deadline_s: 60, parameters: { ticket: { default: 3, type: "number" } }, steps: [{ if: "true", id: "step_1" }] });
  await screen.findByText("v2, 1 step");
});

it.each([{}, { tone: { type: "string", default: "" } }])("sends on what it was not asked to change of variables: %j", async (parameters) => {
  const asked = slowApi();
  render(<Queries><ChainPage /></Queries>);
  await (await asking(asked, "GET", "/v1/chains/c")).answer({ ...chain(1, "true"), parameters });
  // Key by key: on the way to 2.5 it reads 2.
  const deadline = screen.getByLabelText<HTMLInputElement>("Deadline, s");
  for (const key of "2.5") fireEvent.change(deadline, { target: { value: deadline.value + key } });
  expect(deadline.value).toBe("2.5");
  await save();
  const sent = await asking(asked, "POST", "/v1/chains/c/versions");
  expect(sent.body).toEqual({ base_version: 1, message: "", steps: [{ id: "step_1", if: "true" }], parameters, output: null, deadline_s: 2.5 });

  // Another version says just this: nothing was saved, and the draft stays.
  await sent.answer({ ...chain(1, "true"), version: 1, parameters, deadline_s: 2.5, is_new: false });
  await screen.findByText("Not saved, over v1");
  expect(deadline.value).toBe("2.5");
});

it("takes variables, output and deadline away", async () => {
  const asked = slowApi();
  render(<Queries><ChainPage /></Queries>);
  await (await asking(asked, "GET", "/v1/chains/c")).answer({ ...chain(1, "true"), parameters: { ticket: { type: "string", description: "What they wrote" } }, output: "steps.step_1.output", deadline_s: 60 });
  expect(screen.getByLabelText<HTMLInputElement>("Expression of the output").value).toBe("steps.step_1.output");
  fireEvent.click(screen.getByRole("button", { name: "Remove the variable ticket" }));
  const any = screen.getByRole<HTMLInputElement>("checkbox", { name: "A run may give any variable" });
  expect(any.checked).toBe(false);
  fireEvent.click(any);
  fireEvent.change(screen.getByLabelText("Output"), { target: { value: "last" } });
  fireEvent.change(screen.getByLabelText("Deadline, s"), { target: { value: "" } });
  await save();
  expect((await asking(asked, "POST", "/v1/chains/c/versions")).body).toMatchObject({ parameters: null, output: null, deadline_s: null });
});

it("changes the tags of a chain", async () => {
  at.search = { tab: "about" };
  const { asked } = await show();
  fireEvent.change(screen.getByLabelText("Tags"), { target: { value: "support, urgent," } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect((await asking(asked, "PATCH", "/v1/chains/c")).body).toEqual({ tags: ["support", "urgent"] });
});

it("sends what was typed for a variable, whatever it is called, and nothing for one that was left empty", async () => {
  const asked = slowApi();
  render(<Queries><ChainPage /></Queries>);
  await (await asking(asked, "GET", "/v1/chains/c")).answer({ ...chain(1, "true"), parameters: { constructor: { type: "number" }, valueOf: {}, ticket: { type: "string" } } });
  const fields = ["constructor", "valueOf", "ticket"].map((name) => screen.getByRole<HTMLTextAreaElement>("textbox", { name }));
  expect(fields.map(({ value }) => value)).toEqual(["", "", ""]);
  fireEvent.change(fields[2]!, { target: { value: "Hi" } });
  fireEvent.click(screen.getByRole("button", { name: "Run" }));
  expect((await asking(asked, "POST", "/v1/chains/c/runs")).body).toMatchObject({ variables: { ticket: "Hi" } });
  expect(JSON.stringify(asked.at(-1)!.body)).not.toMatch(/constructor|valueOf/);
});
