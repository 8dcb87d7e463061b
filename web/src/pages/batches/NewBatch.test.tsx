import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { NewBatch } from "./NewBatch";
import { isOff } from "@/kit/off.fake";

afterEach(cleanup);
vi.mock("@tanstack/react-router", () => ({ Link: "a", useNavigate: () => () => undefined }));
beforeAll(preloadFloats);

const page = (...data: object[]) => ({ data, next_cursor: null });
const KNOWN = {
  "GET /v1/prompts": page({ id: "p", slug: "triage", name: "triage" }),
  "GET /v1/prompts/triage": { slug: "triage", messages: [{ role: "user", content: "{{ticket}}" }] },
  "GET /v1/datasets": page(...["first", "second"].map((id) => ({ id, name: id, counts: { train: 1 } }))),
  "GET /v1/models": { data: [] },
};
const show = (dataset: string) =>
  render(
    <Queries>
      <NewBatch file="" dataset={dataset} prompt="triage" onClose={() => {}} />
    </Queries>,
  );
const choose = async (label: string, what: string) => {
  fireEvent.click(screen.getByRole("button", { name: new RegExp(`^${label}`) }));
  fireEvent.click(await screen.findByText(what, { selector: "[cmdk-item] *" }));
};

it("takes no rows of a dataset in whose place another was chosen while they were read", async () => {
  const asked = slowApi({ ...KNOWN, "GET /v1/files": page() });
  show("first");
  const take = () => screen.getByRole<HTMLButtonElement>("button", { name: "Take these rows" });
  await vi.waitFor(() => expect(isOff(take())).toBe(false));
  fireEvent.click(take());
  const rows = await asking(asked, "GET", "/v1/datasets/first/items");
  await choose("Dataset", "second");
  await rows.answer(page({ id: "i", input: { ticket: "x" } }));
  await (await asking(asked, "POST", "/v1/files")).answer({ id: "f", filename: "first.jsonl" });
  await new Promise((done) => setTimeout(done, 400));
  expect(asked.map((one) => one.path)).not.toContain("/v1/batches/estimate");
});

it("takes no lines for what those of the file before are", async () => {
  const asked = slowApi({ ...KNOWN, "GET /v1/files": page(...["slow", "quick"].map((id) => ({ id, filename: id, bytes: 1 }))) });
  show("");
  await vi.waitFor(() => screen.getByText("Choose a file"));
  await choose("File", "slow");
  await choose("File", "quick");
  await (await asking(asked, "GET", "/v1/files/quick/content")).answer('{"variables": {}}');
  await (await asking(asked, "GET", "/v1/files/slow/content")).answer('{"url": "/v1/chat/completions", "body": {}}');
  expect(screen.getByLabelText<HTMLSelectElement>("Its lines are").value).toBe("inputs");
});
