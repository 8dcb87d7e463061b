import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { NewKey } from "./NewKey";
import { preloadFloats } from "@/kit/floats";

beforeAll(preloadFloats);
afterEach(cleanup);

function Opened() {
  const [open, setOpen] = useState(true);
  return <NewKey open={open} onOpenChange={setOpen} />;
}

it("shows the key that it made, whatever was pressed while it was being made", async () => {
  let answer: (response: Response) => void = () => undefined;
  vi.spyOn(globalThis, "fetch").mockImplementation(() => new Promise((resolve) => (answer = resolve)));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Opened />
    </QueryClientProvider>,
  );
  fireEvent.change(screen.getByLabelText(/^Name/), { target: { value: "checkout" } });
  fireEvent.click(screen.getByRole("button", { name: "Make the key" }));
  await screen.findByRole("button", { name: "Make the key", busy: true });
  fireEvent.keyDown(screen.getByLabelText(/^Name/), { key: "Escape" });
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  answer(new Response(JSON.stringify({ id: "k1", key: "bk_shown_once" }), { status: 201, headers: { "content-type": "application/json" } }));
  await screen.findByText("The key of checkout");
  expect(screen.getAllByText(/bk_shown_once/).length).toBeGreaterThan(0);
});
