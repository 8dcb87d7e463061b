import { QueryClient } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useRead } from "@/api/hooks";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { SettingsTab } from "./SettingsTab";

afterEach(cleanup);
vi.mock("@tanstack/react-router", async () => ({ Link: (await import("../../kit/link.fake")).Link, useNavigate: () => () => undefined }));
vi.mock("@/api/authors", () => ({ useAuthors: () => (name: string) => name }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, editPrompts: true, admin: true }), needs: () => "" }));

const prompt = { slug: "a", name: "Old", description: "", use_case: "", folder: "", tags: [], categories: [], app_contexts: [], locked_blocks: [], rules: ["Be kind"], created_at: "2026-11-01T00:00:00Z", updated_at: "2026-11-01T00:00:00Z", created_by: "user:1", labels: {}, variables: [], latest_version: 1, version: 1, visibility: "private" };

const GATE = { slug: "a", test_run_gate: null, gate_evaluator_id: null, gate_min_score: null, asked: { test_run_gate: true, gate_evaluator_id: null, gate_evaluator: null, gate_min_score: 0.8, min_samples: 20 } };

function Page() {
  const found = useRead("/v1/prompts/{slug}", { path: { slug: "a" }, query: { label: "latest" } });
  return found.data ? <SettingsTab prompt={found.data as never} /> : null;
}

const show = async (uses: object = {}) => {
  const asked = slowApi({ "GET /v1/prompts/a/uses": { used_by: [], uses: [], run_by: [], ...uses }, "GET /v1/prompts/a/gate": GATE, "GET /v1/evaluators": { data: [{ id: "e", name: "polite", kind: "llm_judge" }], next_cursor: null } });
  render(
    <Queries of={new QueryClient()}>
      <Page />
    </Queries>,
  );
  await (await asking(asked, "GET", "/v1/prompts/a")).answer(prompt);
  return asked;
};
const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });
const field = (label: string) => screen.getByLabelText<HTMLInputElement>(label).value;

it("shows what was saved before the prompt is read again, and keeps what was typed while it was being saved", async () => {
  const asked = await show();
  type("Name", "New");
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  const saving = await asking(asked, "PATCH", "/v1/prompts/a");
  type("Description", "Typed on");
  await saving.answer({ ...prompt, name: "New" });
  expect([field("Name"), field("Description")]).toEqual(["New", "Typed on"]);
  await (await asking(asked, "GET", "/v1/prompts/a", 2)).answer({ ...prompt, name: "New" });
  expect([field("Name"), field("Description")]).toEqual(["New", "Typed on"]);
});

it("does so with what stays as it is", async () => {
  const asked = await show();
  type("Rule 1", "Be brief");
  fireEvent.click(screen.getByRole("button", { name: "Save what stays" }));
  await (await asking(asked, "GET", "/v1/prompts/a", 2)).answer(prompt);
  const saving = await asking(asked, "PATCH", "/v1/prompts/a");
  type("Rule 1", "Be brief and kind");
  fireEvent.click(screen.getByRole("button", { name: "Add a locked block" }));
  type("Locked block 1", "Never lie");
  await saving.answer({ ...prompt, rules: ["Be brief"] });
  expect([field("Rule 1"), field("Locked block 1")]).toEqual(["Be brief and kind", "Never lie"]);
  expect(screen.queryByText("Changed by somebody meanwhile.")).toBeNull();
});

it("says which chains run it, and in which version it includes what", async () => {
  await show({ uses: [{ version: 2, name: "tone@3", prompt: "tone" }], run_by: [{ chain: "desk", version: 4, labels: ["production"], steps: ["a", "b"] }] });
  expect((await screen.findByRole("list", { name: "Run by" })).textContent).toBe("deskv4productionin steps a, b");
  expect(screen.getByRole("link", { name: "desk" }).getAttribute("href")).toContain("/chains/desk");
  expect(screen.getByRole("list", { name: "Includes" }).textContent).toBe("tone@3 in v2");
});

it("says what a protected label asks of its test runs, and sends what is the prompt's own whole", async () => {
  const asked = await show();
  expect(await screen.findByText("Asked now: a passed test run over 20 items or more.")).toBeTruthy();
  await screen.findByRole("option", { name: "polite" });
  fireEvent.change(screen.getByLabelText("Without a right answer, judged by"), { target: { value: "e" } });
  type("Mean score, at least", "2");
  expect(screen.getByText("A number from 0 to 1.")).toBeTruthy();
  type("Mean score, at least", "0.7");
  fireEvent.click(screen.getByRole("button", { name: "Save the gate" }));
  expect((await asking(asked, "PUT", "/v1/prompts/a/gate")).body).toEqual({ test_run_gate: null, gate_evaluator_id: "e", gate_min_score: 0.7 });
});
