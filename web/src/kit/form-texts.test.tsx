import type { QueryClient } from "@tanstack/react-query";
import { act, cleanup, fireEvent, screen } from "@testing-library/react";
import { type ComponentType, useState } from "react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { anew, useSessionState } from "@/api/session";
import { type Door, endSession, renderInSession, sessionApi, signInAs } from "@/api/session.fake";
import { forgetForms } from "@/api/unsaved-forms";
import { LeftForms } from "@/shell/LeftForms";
import { CodeEditor } from "./CodeEditor";
import { Combobox } from "./Combobox";
import { FormDialog } from "./Dialog";
import { Checkbox, Field, Input, Segments, Select, Switch, Textarea } from "./Field";
import { preloadFloats } from "./floats";
import { KeptAtTheEnd } from "./form-texts";

let door: Door;
let queries: QueryClient;

beforeAll(preloadFloats);
beforeEach(() => {
  forgetForms();
  localStorage.clear();
  door = sessionApi(["w", "w2"]);
});

function Form() {
  const [{ name, note, body, by, prompt, isOn, isLive, pace }, put] = useState({ name: "", note: "", body: "{}", by: "a", prompt: "", isOn: true, isLive: false, pace: "slow" });
  const set = (changes: object) => put((before) => ({ ...before, ...changes }));
  const [open, setOpen] = useState(true);
  return (
    <FormDialog open={open} onOpenChange={setOpen} title="New endpoint" submit="Create" onSubmit={() => undefined}>
      <Field label="Name" required>
        <Input value={name} onChange={(event) => set({ name: event.target.value })} />
      </Field>
      <Field label="Note">
        <Textarea value={note} onChange={(event) => set({ note: event.target.value })} />
      </Field>
      <Field label="Key">
        <Input type="password" defaultValue="sk-password" />
      </Field>
      <Input data-secret aria-label="Value of header 1" defaultValue="Bearer sealed" />
      <Field label="By">
        <Select value={by} onChange={(next) => set({ by: next })} options={[{ value: "a", label: "Mail" }, { value: "b", label: "Slack" }]} />
      </Field>
      {by === "b" ? <Combobox label="Prompt" value={prompt} choices={[{ value: "triage", label: "Triage" }]} onChange={(next) => set({ prompt: next })} /> : null}
      <Checkbox label="Retry" checked={isOn} onChange={(event) => set({ isOn: event.target.checked })} />
      <Switch label="Live" checked={isLive} onChange={(next) => set({ isLive: next })} />
      <Segments label="Pace" value={pace} onChange={(next) => set({ pace: next })} options={[{ value: "slow", label: "Slow" }, { value: "fast", label: "Fast" }]} />
      <CodeEditor label="Body" value={body} onChange={(next) => set({ body: next })} />
      <Field label="Shown">
        <Input readOnly value="not written here" />
      </Field>
    </FormDialog>
  );
}

/** One that stays when it is saved. */
function Settings() {
  const [stands, save] = useState({ name: "old", folder: "a" });
  const [typed, type] = useState({});
  const now = { ...stands, ...typed };
  const isChanged = JSON.stringify(now) !== JSON.stringify(stands);
  return (
    <form onSubmit={(event) => (event.preventDefault(), save(now), type({}))}>
      <KeptAtTheEnd title="About p" isChanged={isChanged} />
      <Input aria-label="Title" value={now.name} onChange={(event) => type({ ...typed, name: event.target.value })} />
      <Input aria-label="Folder" value={now.folder} onChange={(event) => type({ ...typed, folder: event.target.value })} />
      <button type="submit">Save</button>
      <button type="button" onClick={() => save({ ...stands, folder: "of somebody else" })}>Somebody saves</button>
    </form>
  );
}

const Choice = () => {
  const [prompt, put] = useState<string | null>(null);
  return (
    <FormDialog open onOpenChange={() => undefined} title="New choice" submit="Choose" onSubmit={() => undefined}>
      <Combobox label="Prompt" value={prompt} choices={[{ value: "triage", label: "Triage" }]} onChange={put} />
    </FormDialog>
  );
};

/** Offers the form to admins alone. */
const ForAdmins = () => (useSessionState().session?.role === "admin" ? <Form /> : null);

function Page({ of: Own = Form }: { of?: ComponentType }) {
  const { session, signOut, choose } = useSessionState();
  if (!session) return <p>nobody</p>;
  return (
    <>
      <p>{`as ${session.user.name}`}</p>
      <button onClick={() => void signOut()}>sign out</button>
      <button onClick={() => choose("w2")}>to the other</button>
      <LeftForms />
      {session.user.name === "ada" ? <Own key={session.user.id + (session.workspace?.id ?? "")} /> : null}
    </>
  );
}

async function open() {
  queries = renderInSession(<Page />);
  await screen.findByLabelText(/^Name/);
}

const choose = async () => {
  fireEvent.click(screen.getByRole("button", { name: /^Prompt/ }));
  fireEvent.click(await screen.findByText("Triage", { selector: "[cmdk-item] *" }));
};
const all = async () => {
  write();
  fireEvent.change(screen.getByLabelText("By"), { target: { value: "b" } });
  await choose();
  fireEvent.change(screen.getByLabelText("Body"), { target: { value: '{"a": 1}' } });
  fireEvent.click(screen.getByLabelText("Retry"));
  fireEvent.click(screen.getByLabelText("Fast"));
};
const write = () => fireEvent.change(screen.getByLabelText(/^Name/), { target: { value: "orders" } });

async function ends() {
  await endSession(door);
  await screen.findByText("nobody");
}

async function signIn(as: string) {
  await signInAs(door, as, queries);
  await screen.findByText(`as ${as}`);
}

const left = () => screen.queryByText(/Your session ended while you were writing/)?.textContent ?? null;
const press = (name: string) => act(async () => void fireEvent.click(screen.getAllByText(name, { selector: "button" }).at(-1) as Element));

it("lets what was written in a form be copied after the session ended, by its labels and without its secrets", async () => {
  await open();
  await all();
  await ends();
  await signIn("ada");
  expect(left()).toBe("Your session ended while you were writing in “New endpoint”. What you wrote can be copied.");
  await press("Show what you wrote");
  const shown = [...document.querySelectorAll("figure")].map((figure) => [figure.querySelector("figcaption > span")?.textContent, figure.querySelector("code")?.textContent]);
  expect(shown).toEqual([["Name", "orders"], ["By", "Slack"], ["Prompt", "Triage"], ["Pace", "Fast"], ["Body", '{"a": 1}']]);
  expect(document.body.textContent).not.toMatch(/sk-password|Bearer sealed/);
  expect([Object.values(sessionStorage), Object.values(localStorage)].flat().join(" ")).not.toContain("orders");
  await press("Throw it away");
  expect(left()).toBeNull();
});

it("shows it to nobody else, and not to its writer either once somebody else was there", async () => {
  await open();
  write();
  await ends();
  const load = vi.spyOn(anew, "load").mockReturnValue();
  await signInAs(door, "ben", queries);
  await vi.waitFor(() => expect(load).toHaveBeenCalledOnce());
  expect(left()).toBeNull();
  await ends();
  await signIn("ada");
  expect(left()).toBeNull();
});

it("keeps nothing of a form that nobody wrote in, nor of one that was closed, nor after signing out", async () => {
  await open();
  fireEvent.keyDown(screen.getByLabelText(/^Name/), { key: "Tab" });
  await ends();
  await signIn("ada");
  expect(left()).toBeNull();
  write();
  await press("Cancel");
  await ends();
  await signIn("ada");
  expect(left()).toBeNull();
  write();
  await ends();
  await signIn("ada");
  expect(left()).not.toBeNull();
  await act(async () => void fireEvent.click(screen.getByText("sign out")));
  await screen.findByText("nobody");
  await signIn("ada");
  expect(left()).toBeNull();
});

const stands = () => ["Name", "By", "Body", "Retry", "Fast"].map((label) => screen.getByLabelText<HTMLInputElement>(new RegExp(`^${label}`))).map((one) => (["checkbox", "radio"].includes(one.type) ? one.checked : one.value));

it("puts it back into the same form, with its choices and with what appears by one", async () => {
  await open();
  await all();
  await ends();
  await signIn("ada");
  expect(stands()).toEqual(["", "a", "{}", true, false]);
  await press("Put it back");
  expect([stands(), screen.getByRole("button", { name: /^Prompt/ }).textContent, left()]).toEqual([["orders", "b", '{"a": 1}', false, true], "Triage", null]);
});

it("counts a form as written in where a choice is all that was made, and again once it was put back", async () => {
  queries = renderInSession(<Page of={Choice} />);
  await screen.findByRole("button", { name: /^Prompt/ });
  await choose();
  for (const _ of ["once", "twice"]) {
    await ends();
    await signIn("ada");
    expect(left()).toContain("New choice");
    await press("Put it back");
    expect([screen.getByRole("button", { name: /^Prompt/ }).textContent, left()]).toEqual(["Triage", null]);
  }
});

it("counts a form as written in where a switch is all that was turned", async () => {
  await open();
  fireEvent.click(screen.getByText("Slow"));
  await ends();
  await signIn("ada");
  expect(left()).toBeNull();
  fireEvent.click(screen.getByRole("switch"));
  await ends();
  await signIn("ada");
  await press("Put it back");
  expect(screen.getByRole("switch").getAttribute("aria-checked")).toBe("true");
});

it("keeps of a form that stays when it is saved what was not saved, and undoes nothing of what others save", async () => {
  queries = renderInSession(<Page of={Settings} />);
  fireEvent.change(await screen.findByLabelText("Title"), { target: { value: "new" } });
  await press("Save");
  await ends();
  await signIn("ada");
  expect(left()).toBeNull();
  fireEvent.change(screen.getByLabelText("Title"), { target: { value: "newer" } });
  await ends();
  await signIn("ada");
  await press("Somebody saves");
  await press("Put it back");
  expect(["Title", "Folder"].map((label) => screen.getByLabelText<HTMLInputElement>(label).value)).toEqual(["newer", "of somebody else"]);
});

/** The browser lets go of the page, and loads it anew: nothing of it is closed, and what is in memory is gone. */
async function anewLoaded() {
  window.dispatchEvent(new Event("pagehide"));
  const kept = { ...sessionStorage };
  cleanup();
  forgetForms();
  sessionStorage.clear();
  for (const [key, value] of Object.entries(kept)) sessionStorage.setItem(key, value as string);
  await open();
}

const anewSaid = () => screen.queryByText(/^This page was loaded anew while/)?.textContent ?? null;

it("has what was written in a form after the browser let go of the page, without its secrets, until it is put back and saved", async () => {
  await open();
  await all();
  fireEvent.change(screen.getByLabelText("Note"), { target: { value: "https://hooks.slack.com/services/T0/B0/x9Zk2LmQ8vRt5WnYc3Hb" } });
  for (const _ of ["once", "and once more, where nobody has put it back"]) {
    await anewLoaded();
    expect(Object.values(sessionStorage).join(" ")).not.toMatch(/sk-password|Bearer sealed|x9Zk2/);
    expect([stands()[0], anewSaid()]).toEqual(["", "This page was loaded anew while you were writing in “New endpoint”. What you wrote can be copied."]);
  }
  await press("Put it back");
  expect([stands(), anewSaid()]).toEqual([["orders", "b", '{"a": 1}', false, true], null]);
  await press("Cancel");
  await anewLoaded();
  expect(anewSaid()).toBeNull();
});

it("has nothing of a form that was closed or thrown away, nor after signing out, nor for the next person", async () => {
  await open();
  write();
  window.dispatchEvent(new Event("pagehide"));
  await press("Cancel");
  await anewLoaded();
  expect(anewSaid()).toBeNull();
  write();
  await anewLoaded();
  await press("Throw it away");
  await anewLoaded();
  expect(anewSaid()).toBeNull();
  write();
  await anewLoaded();
  await act(async () => void fireEvent.click(screen.getByText("sign out")));
  await screen.findByText("nobody");
  expect(JSON.stringify(sessionStorage)).not.toContain("orders");
});

it.each([["sk-proj-abcdefgh12345678", false], ["https://ada:pass@a.example/", false], ["https://a.example/in?token=1", false], ["https://a.example/hooks/orders", true], ["anthropic/claude-sonnet-4-20250514", true], ["Ask for order 4711.", true]])("keeps %s in this tab: %s", async (text, isKept) => {
  await open();
  write();
  fireEvent.change(screen.getByLabelText("Note"), { target: { value: text } });
  window.dispatchEvent(new Event("pagehide"));
  expect(JSON.stringify({ ...sessionStorage }).includes(text)).toBe(isKept);
});

it("is put back into no form of the same name in another workspace", async () => {
  await open();
  write();
  await ends();
  await signIn("ada");
  expect(screen.queryByText("Put it back")).not.toBeNull();
  await press("to the other");
  expect([screen.queryByText("Put it back"), left()]).toEqual([null, expect.stringContaining("New endpoint")]);
});

it.each([[ForAdmins, true], [Form, false]])("keeps what stood in a form that another role takes away, and of one that stays nothing", async (Own, isKept) => {
  queries = renderInSession(<Page of={Own} />);
  await screen.findByLabelText(/^Name/);
  write();
  door.role = "viewer";
  vi.useFakeTimers();
  await act(() => queries.refetchQueries({ queryKey: ["session"] }));
  await act(() => vi.advanceTimersByTimeAsync(1_000));
  vi.useRealTimers();
  expect(screen.queryByText(/^Your role changed while you were writing in “New endpoint”/) !== null).toBe(isKept);
  if (!isKept) return;
  door.role = "admin";
  await act(() => queries.refetchQueries({ queryKey: ["session"] }));
  await screen.findByText("Put it back");
  await press("Put it back");
  expect(screen.getByLabelText<HTMLInputElement>(/^Name/).value).toBe("orders");
});
