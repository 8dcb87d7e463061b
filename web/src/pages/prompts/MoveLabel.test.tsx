import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { preloadFloats } from "@/kit/floats";
import { said } from "@/kit/Toast";
import { MoveLabel } from "./MoveLabel";

const WARNING = "model: there is no model 'gpt-4o-mni' that can be called.";
const json = (body: unknown) => new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });

beforeAll(preloadFloats);
beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const request = given as Request;
    if (request.method === "PUT") return json({ label: "staging", version: 2, moved_at: null, is_new: true, warnings: [WARNING] });
    const path = new URL(request.url).pathname;
    if (path.endsWith("/effects")) return json({ slug: "greet", label: "production", version: 2, changed: [], refused: false, experiments: [], warnings: [WARNING] });
    return json({ version: Number(path.split("/").pop()), messages: [{ role: "user", content: "x" }], model: "m" });
  });
});
afterEach(cleanup);

const show = (labels: Record<string, number>) =>
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MoveLabel slug="greet" labels={labels} move={{ version: 2 }} onClose={() => undefined} />
    </QueryClientProvider>,
  );

it("says before a label moves what of the version reaches no model", async () => {
  show({ production: 1, latest: 2 });
  await screen.findByText("v2 calls what is not there.");
  screen.getByText(WARNING);
});

it("says of a label that is new that it is, and afterwards what reaches no model", async () => {
  show({ production: 2, latest: 2 });
  await screen.findByText("New: nobody asks for it yet.");
  fireEvent.click(screen.getByRole("button", { name: "Move staging" }));
  await waitFor(() => expect(said.shown().map((one) => [one.tone, one.text])).toContainEqual(["warn", `v2: ${WARNING}`]));
});
