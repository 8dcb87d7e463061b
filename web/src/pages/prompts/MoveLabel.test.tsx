import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { preloadFloats } from "@/kit/floats";
import { dismissAll, said } from "@/kit/Toast";
import type { Move } from "./LabelMove";
import { MoveLabel } from "./MoveLabel";
import { isOff } from "@/kit/off.fake";

vi.mock("@tanstack/react-router", async () => {
  const fake = await import("../../kit/link.fake");
  return { ...fake, Link: ({ to, search, children }: { to: string; search?: Record<string, string>; children: ReactNode }) => <a href={`${to}?${new URLSearchParams(search)}`}>{children}</a> };
});

const WARNING = "model: there is no model 'gpt-4o-mni' that can be called.";
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
const EFFECTS = { slug: "greet", label: "production", version: 2, changed: [], refused: false, experiments: [], warnings: [WARNING] };

const FREE = { slug: "greet", label: "", version: 2, is_protected: false, lacking: [] as string[], review: null as string | null, own_approval: true, test_run: null as object | null, snippet: null as object | null, reached: null as object | null };
let PROTECTED = FREE;

let labels: Record<string, number>;
let asked: string[];
let experiments: object[];
/** What is said of what a move of a label that is there changes. */
let effects: () => Response | Promise<Response>;

beforeAll(preloadFloats);
beforeEach(() => {
  asked = [];
  experiments = [];
  PROTECTED = FREE;
  localStorage.clear();
  effects = () => json(EFFECTS);
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const request = given as Request;
    const path = new URL(request.url).pathname;
    asked.push(`${request.method} ${path}`);
    const label = /\/labels\/([^/]+)/.exec(path)?.[1] ?? "";
    if (request.method !== "GET") return json({ label, version: 2, moved_at: null, is_new: true, warnings: [WARNING] });
    if (path.endsWith("/protection")) return json({ ...PROTECTED, label });
    if (path.endsWith("/test-runs")) return json({ data: [{ dataset_id: "d1", created_at: "2026-11-20T10:00:00Z" }], next_cursor: null });
    if (path.endsWith("/optimizations")) return json({ data: [{ dataset_id: "d2", created_at: "2026-11-19T10:00:00Z" }], next_cursor: null });
    if (path.endsWith("/experiments")) return json({ data: experiments, next_cursor: null });
    if (path.endsWith("/effects")) return label in labels ? effects() : json({ error: { message: "The prompt 'greet' has no such label.", code: "not_found" } }, 404);
    return json({ version: Number(path.split("/").pop()), messages: [{ role: "user", content: "x" }], model: "m" });
  });
});
afterEach(() => {
  cleanup();
  dismissAll();
});

const show = (given: Record<string, number>, move: Partial<Move> = {}) => {
  labels = given;
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <MoveLabel slug="greet" labels={labels} move={{ version: 2, ...move }} onClose={() => undefined} />
    </QueryClientProvider>,
  );
};
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));
const toasts = () => said.shown().map((one) => [one.tone, one.text]);
const isTold = () => waitFor(() => expect(toasts()).toContainEqual(["warn", `v2: ${WARNING}`]));

it("says before a label moves what of the version reaches no model, and not once more afterwards", async () => {
  show({ production: 1, latest: 2 });
  await screen.findByText("What to know of v2.");
  screen.getByText(WARNING);
  press("Move production");
  await waitFor(() => expect(toasts()).toEqual([["ok", "production is v2"]]));
});

it("says before a label moves that a guardrail took this version back the last time", async () => {
  const arms = [{ name: "control", mode: "live", control: true, version: 1 }, { name: "candidate", mode: "live", control: false, version: 2 }];
  experiments = [{ id: "e1", name: "JSON", status: "completed", arms, verdict: { outcome: "rolled_back", decided_by: "system:experiments", sentence: "'candidate' does harm." } }];
  show({ production: 1, latest: 2 });
  await screen.findByText("v2 was rolled back.");
  expect(screen.getByText(/'candidate' does harm\./).querySelector("a")?.getAttribute("href")).toBe("/experiments/e1?");
});

it("says of a label that is new that it is, and afterwards what reaches no model", async () => {
  show({ production: 2, latest: 2 });
  await screen.findByText("New: nobody asks for it yet.");
  press("Move staging");
  await isTold();
  expect(asked.filter((one) => one.endsWith("/effects"))).toEqual([]);
});

it.each([
  ["is not known yet", () => new Promise<Response>(() => undefined)],
  ["cannot be read", () => json({ error: { message: "No.", code: "internal" } }, 500)],
  ["comes from a gateway of the release before", () => json({ ...EFFECTS, warnings: undefined })],
])("says afterwards what reaches no model where what changes %s", async (_, given) => {
  effects = given;
  show({ production: 1, latest: 2 });
  await waitFor(() => expect(asked).toContain("GET /v1/prompts/greet/labels/production/effects"));
  await act(async () => undefined);
  press("Move production");
  await isTold();
});

it("says afterwards what reaches no model of a label that was written out", async () => {
  show({ production: 1, canary: 1, latest: 2 });
  await screen.findByText(WARNING);
  fireEvent.change(screen.getByRole("combobox", { name: /^Label/ }), { target: { value: "+" } });
  fireEvent.change(await screen.findByLabelText("Name of the label"), { target: { value: "canary" } });
  press("Move canary");
  await isTold();
});

it("says afterwards what reaches no model of a label that is brought back", async () => {
  show({ production: 1, latest: 2 }, { label: "canary", back: true, reason: "Bring it back" });
  press("Roll canary back");
  await isTold();
  expect(asked).toContain("POST /v1/prompts/greet/labels/canary/rollback");
});

it("asks for no address but the label's, and says beside its name what it may be", async () => {
  show({ production: 1, latest: 2 });
  fireEvent.change(screen.getByLabelText("Label"), { target: { value: [...screen.getByLabelText<HTMLSelectElement>("Label").options].at(-1)?.value } });
  const name = screen.getByLabelText("Name of the label");
  for (const typed of ["a/b", "..", "12", "a".repeat(64)]) {
    fireEvent.change(name, { target: { value: typed } });
    await waitFor(() => expect(name.getAttribute("aria-invalid")).toBe("true"));
    expect(document.getElementById(name.getAttribute("aria-describedby") ?? "")?.textContent).toContain("beginning with a letter");
    expect(isOff(screen.getByRole<HTMLButtonElement>("button", { name: `Move ${typed}` }))).toBe(true);
  }
  fireEvent.change(name, { target: { value: "Canary-2" } });
  press("Move canary-2");
  await waitFor(() => expect(asked).toContain("PUT /v1/prompts/greet/labels/canary-2"));
});

it("says before the move what a protected label asks for and lacks, and leads there", async () => {
  const gate = { least_items: 20, evaluator_id: null, evaluator: null, min_score: 0, problem: "version 2 has no completed test run", run: null };
  PROTECTED = { ...FREE, is_protected: true, lacking: ["approval", "test_run"], review: "draft", own_approval: false, test_run: gate };
  show({ production: 1, latest: 2 });
  await screen.findByText(/production is protected: v2 lacks what it asks for/);
  screen.getByText(/by an editor who did not write it: nobody was asked to review it/);
  expect(screen.getByRole("link", { name: "Ask for a review" }).getAttribute("href")).toContain("/prompts/greet");
  const link = screen.getByRole("link", { name: "Start a test run" });
  await waitFor(() => expect(link.getAttribute("href")).toContain("dataset=d1"));
  for (const part of ["prompt=greet", "version=2", "new=1"]) expect(link.getAttribute("href")).toContain(part);
  // Off, and reached all the same: it says why, and sends nothing.
  const move = screen.getByRole("button", { name: "Move production" });
  expect(move.getAttribute("aria-disabled")).toBe("true");
  expect(document.getElementById(move.getAttribute("aria-describedby") ?? "")?.textContent).toBe("production cannot move to v2 yet: it lacks an approval and a passed test run, which production asks for.");
  fireEvent.click(move);
  fireEvent.submit(move.closest("form")!);
  expect(asked.filter((one) => !one.startsWith("GET"))).toEqual([]);
  // Another label, which is free, is not held by it.
  PROTECTED = FREE;
  fireEvent.change(screen.getByRole("combobox", { name: /^Label/ }), { target: { value: "staging" } });
  await waitFor(() => expect(screen.getByRole("button", { name: "Move staging" }).getAttribute("aria-disabled")).toBeNull());
  press("Move staging");
  await waitFor(() => expect(asked).toContain("PUT /v1/prompts/greet/labels/staging"));
});

it("says of a version that has it all that it has", async () => {
  PROTECTED = { ...FREE, is_protected: true, review: "approved" };
  show({ production: 1, latest: 2 });
  await screen.findByText("production is protected, and v2 has what it asks for.");
  expect(screen.queryByRole("link", { name: "Ask for a review" })).toBeNull();
});

it("says that a snippet which comes along lacks an approval though the version has one, and leads there", async () => {
  const snippet = { included_as: "sign@live", slug: "sign", version: 4, review: "in_review" };
  PROTECTED = { ...FREE, is_protected: true, lacking: ["approval"], review: "approved", snippet };
  show({ production: 1, latest: 2 });
  await screen.findByText(/production is protected: v2 lacks what it asks for/);
  const rows = screen.getAllByRole("listitem").map((one) => one.textContent);
  expect(rows).toEqual(["thereAn approval of v2. ", "lackingAn approval of sign v4, which it includes as sign@live: it is in review. See the review"]);
  expect(screen.getByRole("link", { name: "See the review" }).getAttribute("href")).toContain("/prompts/sign?tab=versions&v=4");
});

it("says of a free label that a protected one of another prompt serves it", async () => {
  PROTECTED = { ...FREE, lacking: ["approval"], review: "draft", reached: { slug: "letter", label: "live" } };
  show({ production: 1, latest: 2 });
  await screen.findByText(/letter includes greet@production, and its label live is protected: v2 lacks an approval/);
  expect(screen.getByRole("link", { name: "Ask for a review" }).getAttribute("href")).toContain("/prompts/greet");
});

it("is off where a prompt that includes it would be none any more", async () => {
  effects = () => json({ ...EFFECTS, refused: true, changed: [{ prompt: "letter", version: 1, labels: [], problem: "no such variable", new_required: [], no_longer_used: [] }] });
  show({ production: 1, latest: 2 });
  await screen.findByText(/^This is refused/);
  const move = screen.getByRole("button", { name: "Move production" });
  await waitFor(() => expect(move.getAttribute("aria-disabled")).toBe("true"));
  expect(document.getElementById(move.getAttribute("aria-describedby") ?? "")?.textContent).toContain("would be none any more");
});

it("asks about a label that one types once one pauses, and not about its beginnings", async () => {
  PROTECTED = { ...FREE, is_protected: true, lacking: ["approval"], review: "draft" };
  show({ staging: 1, production: 2, latest: 2 });
  fireEvent.change(screen.getByRole("combobox", { name: /^Label/ }), { target: { value: "+" } });
  const name = await screen.findByLabelText("Name of the label");
  const before = asked.length;
  for (const typed of ["r", "re", "rel", "release", "release/", "release-eu"]) fireEvent.change(name, { target: { value: typed } });
  await screen.findByText(/release-eu is protected: v2 lacks/);
  expect(asked.slice(before).filter((one) => one.endsWith("/protection"))).toEqual(["GET /v1/prompts/greet/labels/release-eu/protection"]);
  await waitFor(() => expect(screen.getByRole("button", { name: "Move release-eu" }).getAttribute("aria-disabled")).toBe("true"));
  // What was said of the one before holds for it alone.
  fireEvent.change(name, { target: { value: "free" } });
  await waitFor(() => expect(screen.getByRole("button", { name: "Move free" }).getAttribute("aria-disabled")).toBeNull());
});

it("says of latest, which moves by itself, that it is no name for a label, before anything is sent", async () => {
  show({ production: 1, latest: 2 });
  fireEvent.change(screen.getByRole("combobox", { name: /^Label/ }), { target: { value: "+" } });
  fireEvent.change(await screen.findByLabelText("Name of the label"), { target: { value: "Latest" } });
  await screen.findByText("This name is taken: latest is the newest version, and moves by itself.");
  expect(isOff(screen.getByRole<HTMLButtonElement>("button", { name: "Move latest" }))).toBe(true);
  fireEvent.change(screen.getByLabelText("Name of the label"), { target: { value: "later" } });
  await waitFor(() => expect(asked).toContain("GET /v1/prompts/greet/labels/later/protection"));
  expect(asked.filter((one) => one.includes("/latest"))).toEqual([]);
});
