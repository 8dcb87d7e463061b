import { fireEvent, render, screen, within } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { type Asked, Queries, asking, slowApi } from "@/api/slow.fake";
import Toasts from "@/kit/Toasts";
import { preloadFloats } from "@/kit/floats";
import ReviewPage from "./ReviewPage";

const at = vi.hoisted(() => ({ search: {} as Record<string, string> }));
beforeAll(preloadFloats);
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useSearch: () => at.search, useLocation: () => "" }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true }), needs: () => "" }));
vi.mock("@/api/authors", () => ({ useAuthors: () => (author: string) => `Name of ${author}` }));
vi.mock("@/api/choices", () => ({ usePromptChoices: () => ({ choices: [], onSearch: () => undefined }) }));

const item = (id: string) => ({ id, variables: { ticket: `Asked in ${id}` }, messages: [], output: "", feedback: [], scores: [], reasons: [], suggested: null, prompt: null, model: "m", execution_id: id, added_at: "2026-11-20T10:00:00Z", note: null });

const box = () => screen.getByLabelText<HTMLTextAreaElement>("What would have been right");
const write = (text: string) => {
  fireEvent.click(screen.getByRole("button", { name: /^Correct/ }));
  fireEvent.change(box(), { target: { value: text } });
};
const save = () => fireEvent.click(screen.getByRole("button", { name: /^Save the correction/ }));

async function opened(claimed = [item("r1"), item("r2")]): Promise<Asked[]> {
  const asked = slowApi({ "GET /v1/review/progress": { waiting: 2, claimed: 2, decided: 0, corrected: 0, good: 0 } });
  render(
    <Queries>
      <ReviewPage />
      <Toasts />
    </Queries>,
  );
  await (await asking(asked, "POST", "/v1/review/claim")).answer({ data: claimed });
  await screen.findByText("Asked in r1");
  return asked;
}

/** Two that were claimed; of the first it is written what would have been right, and of the second something was begun meanwhile. */
async function corrected(): Promise<Asked[]> {
  const asked = await opened();
  write("right of r1");
  save();
  await screen.findByText("Asked in r2");
  write("begun of r2");
  return asked;
}

it("has a correction that could not be saved again, and what was begun on the next one", async () => {
  const asked = await corrected();
  await (await asking(asked, "POST", "/v1/review/r1/correct")).answer({ error: { message: "Not now." } }, 503);
  await screen.findByText("Asked in r1");
  expect(box().value).toBe("right of r1");
  save();
  await screen.findByText("Asked in r2");
  expect(box().value).toBe("begun of r2");
});

it("has it also where it was saved and is taken back", async () => {
  const asked = await corrected();
  await (await asking(asked, "POST", "/v1/review/r1/correct")).answer({});
  await (await asking(asked, "POST", "/v1/review/claim", 2)).answer({ data: [] });
  fireEvent.keyDown(document.body, { key: "u" });
  await (await asking(asked, "POST", "/v1/review/r1/undo")).answer({});
  await screen.findByText("Asked in r1");
  expect(box().value).toBe("right of r1");
});

it("shows how the last decision is taken back, and one word at a time: two would lie over the next answer", async () => {
  const asked = await opened();
  expect(screen.queryByRole("button", { name: /^Take the last back/ })).toBeNull();
  fireEvent.keyDown(document.body, { key: "y" });
  await (await asking(asked, "POST", "/v1/review/r1/label")).answer({ dataset_item: { added: true } });
  await (await asking(asked, "POST", "/v1/review/claim", 2)).answer({ data: [item("r3")] });
  fireEvent.keyDown(document.body, { key: "x" });
  await (await asking(asked, "POST", "/v1/review/r2/label")).answer({});
  await screen.findByText("Noted");
  expect(screen.queryByText("Kept in the dataset")).toBeNull();
  await (await asking(asked, "POST", "/v1/review/claim", 3)).answer({ data: [] });
  fireEvent.click(screen.getByRole("button", { name: /^Take the last back/ }));
  await asking(asked, "POST", "/v1/review/r2/undo");
});

it("takes the last decision back also while that is not saved yet, and not the one before", async () => {
  const asked = await opened();
  fireEvent.keyDown(document.body, { key: "y" });
  await (await asking(asked, "POST", "/v1/review/r1/label")).answer({});
  await (await asking(asked, "POST", "/v1/review/claim", 2)).answer({ data: [] });
  fireEvent.keyDown(document.body, { key: "x" });
  const saving = await asking(asked, "POST", "/v1/review/r2/label");
  fireEvent.keyDown(document.body, { key: "u" });
  await saving.answer({});
  await (await asking(asked, "POST", "/v1/review/claim", 3)).answer({ data: [] });
  await (await asking(asked, "POST", "/v1/review/r2/undo")).answer({});
  await screen.findByText("Asked in r2");
  expect(asked.filter((one) => one.path.endsWith("/undo")).length).toBe(1);
});

it("takes back the one before where the last one could not be saved", async () => {
  const asked = await opened();
  fireEvent.keyDown(document.body, { key: "y" });
  await (await asking(asked, "POST", "/v1/review/r1/label")).answer({});
  await (await asking(asked, "POST", "/v1/review/claim", 2)).answer({ data: [] });
  fireEvent.keyDown(document.body, { key: "x" });
  await (await asking(asked, "POST", "/v1/review/r2/label")).answer({ error: { message: "Not now." } }, 503);
  await screen.findByText("Asked in r2");
  fireEvent.click(screen.getByRole("button", { name: /^Take the last back/ }));
  await asking(asked, "POST", "/v1/review/r1/undo");
});

it("takes the last one back where nothing waits any more", async () => {
  const asked = await opened([item("r1")]);
  fireEvent.keyDown(document.body, { key: "y" });
  await (await asking(asked, "POST", "/v1/review/r1/label")).answer({});
  await (await asking(asked, "POST", "/v1/review/claim", 2)).answer({ data: [] });
  await screen.findByText("Nothing waits");
  fireEvent.click(screen.getByRole("button", { name: /^Take the last back/ }));
  await asking(asked, "POST", "/v1/review/r1/undo");
});

it("shows of what was decided who decided it, and what was asked", async () => {
  const decided = { ...item("r9"), reasons: ["picked"], output: "an answer", status: "decided", verdict: "bad", expected: "a better one", decided_by: "user:u1", decided_at: "2026-11-20T11:00:00Z", simulated: false, version: 1, dataset_id: null, dataset_item_id: null, question: "The end of what was asked" };
  at.search = { tab: "decided", item: "r9" };
  slowApi({ "GET /v1/review/progress": { waiting: 0, claimed: 0, decided: 1, corrected: 1, good: 0 }, "GET /v1/review": { data: [decided], next_cursor: null }, "GET /v1/review/r9": decided });
  render(
    <Queries>
      <ReviewPage />
    </Queries>,
  );
  const drawer = await screen.findByRole("dialog");
  await within(drawer).findByText("Asked in r9");
  for (const words of ["an answer", "a better one", "Name of user:u1"]) within(drawer).getByText(words);
  expect((await screen.findAllByText("Name of user:u1")).length).toBe(2);
  await screen.findByText("The end of what was asked");
  at.search = {};
});
