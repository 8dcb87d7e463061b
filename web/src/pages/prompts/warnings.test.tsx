/** What is amiss with a version is told wherever one is saved. */
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import type { ReactElement } from "react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { CandidateActs } from "@/kit/candidate/CandidateActs";
import { preloadFloats } from "@/kit/floats";
import { dismissAll, said } from "@/kit/Toast";
import { UseTemplate } from "@/pages/library/UseTemplate";
import { CherryPick } from "./Branches";
import { MergeBranch } from "./MergeBranch";
import { NewPrompt } from "./NewPrompt";
import { isOff } from "@/kit/off.fake";

vi.mock("@tanstack/react-router", () => ({ Link: "a", useNavigate: () => () => undefined }));
vi.mock("@/kit/CodeEditor", () => ({ CodeEditor: ({ value, onChange }: { value: string; onChange: (next: string) => void }) => <textarea aria-label="Text" value={value} onChange={(event) => onChange(event.target.value)} /> }));
vi.mock("@/api/session", async (original) => ({ ...(await original<object>()), useMay: () => ({ edit: true, editPrompts: true }) }));
beforeAll(preloadFloats);
afterEach(() => {
  cleanup();
  dismissAll();
});

const whole = (version: number) => ({ version, model: "m", temperature: version / 10, messages: [{ role: "user", content: "Greet." }] });
const KNOWN = {
  "GET /v1/models": { data: [{ id: "m", provider: "simulated", display_name: "m" }], next_cursor: null },
  "GET /v1/prompts": { data: [], next_cursor: null },
  "GET /v1/prompts/a/branches": { data: [{ branch: "main", version: 2 }, { branch: "formal", version: 3 }], next_cursor: null }, // prettier-ignore
  "GET /v1/prompts/a/versions/1": whole(1),
  "GET /v1/prompts/a/versions/2": whole(2),
  "GET /v1/prompts/a/versions/2/merge/3": { slug: "a", ours: 2, theirs: 3, ancestor_version: 1, clean: true, content: whole(3), conflicts: [] },
};
const press = async (name: string) => {
  const button = await screen.findByRole<HTMLButtonElement>("button", { name });
  await waitFor(() => expect(isOff(button)).toBe(false));
  fireEvent.click(button);
};
const none = () => undefined;

const places: [string, () => ReactElement, string, () => Promise<void>][] = [
  ["a new prompt", () => <NewPrompt open onOpenChange={none} />, "/v1/prompts", async () => (await press("Take an example"), press("Create"))],
  ["parts of a version", () => <CherryPick slug="a" version={1} newest={2} onClose={none} onSaved={none} />, "/v1/prompts/a/versions/1/cherry-pick", async () => (fireEvent.click(await screen.findByLabelText("Temperature")), press("Save"))],
  ["two lines together", () => <MergeBranch slug="a" newest={2} onClose={none} onSaved={none} />, "/v1/prompts/a/merge", () => press("Merge")],
  ["a candidate as a prompt", () => <CandidateActs slug="a" id="c" />, "/v1/prompts/a/lineage/candidates/c/copy", async () => (await press("Copy to a prompt…"), press("Make the prompt"))],
  ["a template as a prompt", () => <UseTemplate template={{ id: "t", slug: "b", name: "B", model: "m" } as never} onClose={none} />, "/v1/templates/t/use", () => press("Make the prompt")],
];

it.each(places)("tells what is amiss with %s", async (_, place, path, save) => {
  const asked = slowApi(KNOWN);
  render(<Queries>{place()}</Queries>);
  await save();
  await (await asking(asked, "POST", path)).answer({ slug: "b", version: 4, is_new: true, outcome: "merged", warnings: ["First.", "Second."] });
  await waitFor(() => expect(said.shown().map((one) => one.tone)).toEqual(["ok", "warn"]));
  expect(said.shown()[1]?.text).toBe("v4: First. Second.");
});
