import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { NewPrompt } from "./NewPrompt";
import { preloadFloats } from "@/kit/floats";
import { isOff } from "@/kit/off.fake";

vi.mock("@tanstack/react-router", () => ({ Link: "span", useNavigate: () => () => undefined }));
vi.mock("@/kit/CodeEditor", () => ({ CodeEditor: ({ value, onChange }: { value: string; onChange: (next: string) => void }) => <textarea aria-label="Text" value={value} onChange={(event) => onChange(event.target.value)} /> }));

beforeAll(preloadFloats);
const MODELS = ["simulated/chat", "simulated/reader"].map((id) => ({ id, provider: "simulated", display_name: id }));
let modelsCome: () => void;
let sent: { model?: string }[];

beforeEach(() => {
  sent = [];
  const come = new Promise<void>((resolve) => (modelsCome = resolve));
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const request = given as Request;
    const isRead = request.method === "GET";
    if (isRead) await come;
    else sent.push((await request.json()) as { model?: string });
    return new Response(JSON.stringify(isRead ? { data: MODELS, next_cursor: null } : { error: { message: "This name is taken." } }), { status: isRead ? 200 : 409, headers: { "content-type": "application/json" } });
  });
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function Page() {
  const [open, setOpen] = useState(true);
  return (
    <>
      <button onClick={() => setOpen(true)}>open</button>
      <NewPrompt open={open} onOpenChange={setOpen} />
    </>
  );
}

const show = () =>
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Page />
    </QueryClientProvider>,
  );

const create = () => screen.getByRole<HTMLButtonElement>("button", { name: "Create" });

it("gives the example its own model, also where it is taken before the models are known", async () => {
  show();
  fireEvent.click(screen.getByRole("button", { name: "Take an example" }));
  expect(isOff(create())).toBe(true);
  modelsCome();
  await vi.waitFor(() => expect(isOff(create())).toBe(false));
  fireEvent.click(create());
  await screen.findByText("This name is taken.");
  expect(sent.map((one) => one.model)).toEqual(["simulated/reader"]);
});

it("shows what was refused until it is closed, and not when it is opened again", async () => {
  show();
  modelsCome();
  fireEvent.change(screen.getByPlaceholderText("support-triage"), { target: { value: "a" } });
  fireEvent.change(screen.getByLabelText("Text"), { target: { value: "Hello" } });
  await vi.waitFor(() => expect(isOff(create())).toBe(false));
  fireEvent.click(create());
  await screen.findByText("This name is taken.");
  expect(sent.map((one) => one.model)).toEqual(["simulated/chat"]);
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  fireEvent.click(screen.getByText("open"));
  await screen.findByRole("button", { name: "Create" });
  expect(screen.queryByText("This name is taken.")).toBeNull();
});
