import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { api } from "@/api/client";
import { SessionProvider, useSessionState } from "@/api/session";
import { forgetForms } from "@/api/unsaved-forms";
import { LeftForms } from "@/shell/LeftForms";
import { CodeEditor } from "./CodeEditor";
import { Combobox } from "./Combobox";
import { FormDialog } from "./Dialog";
import { Field, Input, Select, Textarea } from "./Field";
import { preloadFloats } from "./floats";

let person: string | null;
let queries: QueryClient;

beforeAll(preloadFloats);
beforeEach(() => {
  person = "ada";
  forgetForms();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const { pathname } = new URL((given as Request).url);
    if (pathname === "/v1/auth/sign-out") return new Response(null, { status: 204 });
    if (!person) return Response.json({ error: { code: "unauthorized", message: "Sign in." } }, { status: 401 });
    return Response.json({ user: { id: person, name: person, email: "a@b.c", is_operator: false }, workspaces: [{ id: "w", name: "w", role: "admin" }], csrf_token: `of ${person}`, session_id: "s" });
  });
});

function Form() {
  const [{ name, note, body }, set] = useState({ name: "", note: "", body: "{}" });
  const [open, setOpen] = useState(true);
  return (
    <FormDialog open={open} onOpenChange={setOpen} title="New endpoint" submit="Create" onSubmit={() => undefined}>
      <Field label="Name" required>
        <Input value={name} onChange={(event) => set({ name: event.target.value, note, body })} />
      </Field>
      <Field label="Note">
        <Textarea value={note} onChange={(event) => set({ name, note: event.target.value, body })} />
      </Field>
      <Field label="Key">
        <Input type="password" defaultValue="sk-password" />
      </Field>
      <Input data-secret aria-label="Value of header 1" defaultValue="Bearer sealed" />
      <Field label="By">
        <Select value="b" onChange={() => undefined} options={[{ value: "a", label: "Mail" }, { value: "b", label: "Slack" }]} />
      </Field>
      <Combobox label="Prompt" value="triage" choices={[{ value: "triage", label: "Triage" }]} onChange={() => undefined} />
      <CodeEditor label="Body" value={body} onChange={(next) => set({ name, note, body: next })} />
      <Field label="Shown">
        <Input readOnly value="not written here" />
      </Field>
    </FormDialog>
  );
}

function Page() {
  const { session, signOut } = useSessionState();
  if (!session) return <p>nobody</p>;
  return (
    <>
      <p>{`as ${session.user.name}`}</p>
      <button onClick={() => void signOut()}>sign out</button>
      <LeftForms />
      {session.user.name === "ada" ? <Form key={session.user.id} /> : null}
    </>
  );
}

async function open() {
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={queries}>
      <SessionProvider>
        <Page />
      </SessionProvider>
    </QueryClientProvider>,
  );
  await screen.findByLabelText(/^Name/);
}

const write = () => fireEvent.change(screen.getByLabelText(/^Name/), { target: { value: "orders" } });

async function ends() {
  person = null;
  await act(async () => void (await api.GET("/v1/prompts", {}).catch(() => null)));
  await screen.findByText("nobody");
}

async function signIn(as: string) {
  person = as;
  await act(() => queries.refetchQueries({ queryKey: ["session"] }));
  await screen.findByText(`as ${as}`);
}

const left = () => screen.queryByText(/Your session ended while you were writing/)?.textContent ?? null;
const press = (name: string) => act(async () => void fireEvent.click(screen.getAllByText(name, { selector: "button" }).at(-1) as Element));

it("lets what was written in a form be copied after the session ended, by its labels and without its secrets", async () => {
  await open();
  write();
  fireEvent.change(screen.getByLabelText("Body"), { target: { value: '{"a": 1}' } });
  await ends();
  await signIn("ada");
  expect(left()).toBe("Your session ended while you were writing in “New endpoint”. What you wrote can be copied.");
  await press("Show what you wrote");
  const shown = [...document.querySelectorAll("figure")].map((figure) => [figure.querySelector("figcaption > span")?.textContent, figure.querySelector("code")?.textContent]);
  expect(shown).toEqual([["Name", "orders"], ["By", "Slack"], ["Prompt", "Triage"], ["Body", '{"a": 1}']]);
  expect(document.body.textContent).not.toMatch(/sk-password|Bearer sealed/);
  expect([Object.values(sessionStorage), Object.values(localStorage)].flat().join(" ")).not.toContain("orders");
  await press("Throw it away");
  expect(left()).toBeNull();
});

it("shows it to nobody else, and not to its writer either once somebody else was there", async () => {
  await open();
  write();
  await ends();
  await signIn("ben");
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
