import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { NewPrompt } from "./NewPrompt";
import { preloadFloats } from "@/kit/floats";

vi.mock("@tanstack/react-router", () => ({ Link: "span", useNavigate: () => () => undefined }));
vi.mock("@/kit/CodeEditor", () => ({ CodeEditor: ({ value, onChange }: { value: string; onChange: (next: string) => void }) => <textarea aria-label="Text" value={value} onChange={(event) => onChange(event.target.value)} /> }));

beforeAll(preloadFloats);
beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const isRead = (given as Request).method === "GET";
    return new Response(JSON.stringify(isRead ? { data: [], next_cursor: null } : { error: { message: "This name is taken." } }), { status: isRead ? 200 : 409, headers: { "content-type": "application/json" } });
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

it("shows what was refused until it is closed, and not when it is opened again", async () => {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Page />
    </QueryClientProvider>,
  );
  fireEvent.change(screen.getByPlaceholderText("support-triage"), { target: { value: "a" } });
  fireEvent.change(screen.getByLabelText("Text"), { target: { value: "Hello" } });
  fireEvent.click(screen.getByRole("button", { name: "Create" }));
  await screen.findByText("This name is taken.");
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  fireEvent.click(screen.getByText("open"));
  await screen.findByRole("button", { name: "Create" });
  expect(screen.queryByText("This name is taken.")).toBeNull();
});
