import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { addedWords } from "./added";
import { NewModel } from "./NewModel";
import { isOff } from "@/kit/off.fake";

vi.mock("@/api/session", () => ({ useMay: () => ({ admin: false }) }));

beforeAll(preloadFloats);

const write = (label: RegExp, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });

/** The form, filled in; `there` is what the workspace has. */
async function filled(there: Record<string, unknown>) {
  const asked = slowApi(there);
  render(
    <Queries>
      <NewModel onOpenChange={() => {}} />
    </Queries>,
  );
  write(/^Name at the provider/, "mine");
  write(/^Input/, "1");
  write(/^Output/, "2");
  const add = screen.getByRole<HTMLButtonElement>("button", { name: "Add" });
  await waitFor(() => expect(isOff(add)).toBe(false));
  return { asked, add };
}

it("adds none over one of that name that somebody added while the form was open", async () => {
  const there = { "GET /v1/models": { data: [] as unknown[] } };
  const { asked, add } = await filled(there);
  there["GET /v1/models"] = { data: [{ id: "mine", scope: "workspace" }] };
  fireEvent.click(add);
  await screen.findByText(/There is a model mine/);
  expect(asked).toEqual([]);
});

it("adds one where the name is still free", async () => {
  const { asked, add } = await filled({ "GET /v1/models": { data: [{ id: "mine", scope: "platform" }] } });
  fireEvent.click(add);
  expect((await asking(asked, "POST", "/v1/models")).body).toMatchObject({ model: "mine", provider: "openai", input_price_nusd_per_million: 1_000_000_000 });
});

it.each([
  ["openai", "active", "mine can be called"],
  ["openai", "set_aside", "mine is added. Calls of it need a key of openai: yours, under Providers, or the operator’s."],
  ["groq", "active", "mine is added. Calls of it need a key of groq: yours, under Providers, or the operator’s."],
  ["ollama", "set_aside", "mine can be called"],
])("does not say that a model of %s can be called with an openai key that is %s, unless it can", (provider, status, words) => {
  expect(addedWords("mine", provider, [{ provider: "openai", status }])).toBe(words);
});
