import { fireEvent, render, screen, within } from "@testing-library/react";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { Comments } from "./Comments";

vi.mock("@tanstack/react-router", async () => import("../../kit/link.fake"));
vi.mock("@/api/authors", () => ({ useAuthors: () => (name: string) => name }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true }), useSession: () => ({ user: { id: "1" } }), needs: () => "" }));

it("takes no words while a comment is being sent: they would go with it", async () => {
  const asked = slowApi({ "GET /v1/prompts/a/comments": { data: [], next_cursor: null } });
  render(
    <Queries>
      <Comments slug="a" version={1} />
    </Queries>,
  );
  const field = await screen.findByLabelText<HTMLTextAreaElement>("Comment on this version");
  fireEvent.change(field, { target: { value: "Good" } });
  fireEvent.click(screen.getByRole("button", { name: "Comment" }));
  const sent = await asking(asked, "POST", "/v1/prompts/a/comments");
  await vi.waitFor(() => expect(field.readOnly).toBe(true));
  await sent.answer({});
  await vi.waitFor(() => expect([field.readOnly, field.value]).toEqual([false, ""]));
});

beforeAll(preloadFloats);

const MEMBERS = { data: [{ user_id: "1", name: "Ada", email: "ada@example.com" }, { user_id: "2", name: "Grace", email: "grace@example.com" }], next_cursor: null }; // prettier-ignore
const whole = (version: number, text: string) => ({ version, model: "m", messages: [{ role: "user", content: text }] });
const comment = (id: string, more: object = {}) => ({ id, slug: "a", version: 5, against: null, part: null, reply_to: null, body: `Said in ${id}`, mentions: [], author: "user:1", created_at: "2026-11-20T10:00:00Z", edited_at: null, resolved_at: null, ...more }); // prettier-ignore

async function show(comments: object[] = []) {
  const asked = slowApi({ "GET /v1/prompts/a/comments": { data: comments, next_cursor: null }, "GET /v1/members": MEMBERS, "GET /v1/prompts/a/versions/3": whole(3, "old"), "GET /v1/prompts/a/versions/4": whole(4, "old"), "GET /v1/prompts/a/versions/5": whole(5, "new") }); // prettier-ignore
  render(
    <Queries>
      <Comments slug="a" version={5} against={3} />
    </Queries>,
  );
  await screen.findByLabelText("Which part the comment is about");
  return asked;
}

const write = (label: string, text: string) => fireEvent.change(screen.getByLabelText(label), { target: { value: text } });
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

it("brings the comment into sight that a link leads to", async () => {
  const seen = vi.spyOn(Element.prototype, "scrollIntoView");
  slowApi({ "GET /v1/prompts/a/comments": { data: [comment("c1"), comment("c2", { reply_to: "c1" })], next_cursor: null }, "GET /v1/prompts/a/versions/5": whole(5, "new") });
  render(
    <Queries>
      <Comments slug="a" version={5} wanted="c2" />
    </Queries>,
  );
  const said = (await screen.findByText("Said in c2")).closest("article");
  expect(document.activeElement).toBe(said);
  expect(seen.mock.instances).toEqual([said]);
});

it("says which difference a comment is about, and which part of it, or that it is about the version", async () => {
  const asked = await show();
  fireEvent.change(screen.getByLabelText("Which part the comment is about"), { target: { value: "messages[0]" } });
  write("Comment on v3 → v5", "Why?");
  press("Comment");
  const sent = await asking(asked, "POST", "/v1/prompts/a/comments");
  expect(sent.body).toMatchObject({ version: 5, against: 3, part: "messages[0]", body: "Why?", mentions: [], reply_to: null });
  await sent.answer({});
  fireEvent.change(screen.getByLabelText("What the comment is about"), { target: { value: "version" } });
  write("Comment on this version", "Good");
  press("Comment");
  expect((await asking(asked, "POST", "/v1/prompts/a/comments", 2)).body).toMatchObject({ version: 5, against: null });
});

it("shows on comments which difference they are about, and leads to one that is not on screen", async () => {
  await show([comment("here", { against: 3, part: "temperature" }), comment("there", { against: 4 }), comment("version")]);
  const [here, there, version] = screen.getAllByRole("article").map((one) => within(one));
  expect(here?.getByText("v3 → v5").closest("a")).toBeNull();
  here?.getByText("Temperature");
  expect(there?.getByRole("link", { name: "v4 → v5" })).toBeTruthy();
  expect(version?.queryByText(/→/)).toBeNull();
});

it("mentions members that one picks", async () => {
  const asked = await show();
  write("Comment on v3 → v5", "Look");
  press("Mention a member: Mention a member…");
  fireEvent.click(await screen.findByRole("option", { name: /Grace/ }));
  within(screen.getByRole("list", { name: "Mentioned" })).getByText("Grace");
  press("Comment");
  expect((await asking(asked, "POST", "/v1/prompts/a/comments")).body).toMatchObject({ mentions: ["2"] });
});

it("tells of an address that is no member's before it is sent, and sends it as it is where one says so again", async () => {
  const asked = await show();
  await vi.waitFor(() => expect(screen.getByRole("button", { name: /^Mention a member/ })).toBeTruthy());
  write("Comment on v3 → v5", "@garce@example.com and @ada@example.com");
  press("Comment");
  expect((await screen.findByRole("alert")).textContent).toContain("No member has the address garce@example.com.");
  expect(asked.filter((one) => one.method === "POST")).toEqual([]);
  press("Comment");
  expect((await asking(asked, "POST", "/v1/prompts/a/comments")).body).toMatchObject({ body: "@garce@example.com and @ada@example.com" });
});

it("changes one's own comment and keeps who was picked, and nobody else's", async () => {
  const mentions = [{ user_id: "1", name: "Ada" }, { user_id: "2", name: "Grace" }]; // prettier-ignore
  const asked = await show([comment("mine", { body: "@ada@example.com look", mentions }), comment("theirs", { author: "user:2" })]);
  screen.getByText("Mentions Ada, Grace");
  expect(screen.getAllByRole("button", { name: "Edit" })).toHaveLength(1);
  press("Edit");
  write("Text of the comment", "Look here");
  press("Save");
  const sent = await asking(asked, "PATCH", "/v1/prompts/a/comments/mine");
  expect(sent.body).toEqual({ body: "Look here", mentions: ["2"] });
  await sent.answer({});
  expect(screen.queryByLabelText("Text of the comment")).toBeNull();
});

it("keeps the focus: in the field after a comment, at its buttons after an answer and an edit, at the next one after a deletion (U1)", async () => {
  const asked = await show([comment("c1"), comment("c2")]);
  const at = (id: string, name: string) => within(screen.getByText(`Said in ${id}`).closest("article") as HTMLElement).getByRole("button", { name });
  const pressIn = (name: string) => {
    const button = screen.getByRole("button", { name });
    button.focus();
    fireEvent.click(button);
  };
  const field = screen.getByLabelText("Comment on v3 → v5");
  write("Comment on v3 → v5", "Why?");
  pressIn("Comment");
  await (await asking(asked, "POST", "/v1/prompts/a/comments")).answer({});
  await vi.waitFor(() => expect(document.activeElement).toBe(field));

  fireEvent.click(at("c1", "Answer"));
  expect(document.activeElement, "one writes at once").toBe(screen.getByLabelText("Your answer"));
  write("Your answer", "Because.");
  fireEvent.submit(screen.getByLabelText("Your answer").closest("form") as HTMLElement);
  await (await asking(asked, "POST", "/v1/prompts/a/comments", 2)).answer({});
  await vi.waitFor(() => expect(document.activeElement).toBe(at("c1", "Answer")));

  fireEvent.click(at("c1", "Edit"));
  write("Text of the comment", "Said in c1 better");
  pressIn("Save");
  await (await asking(asked, "PATCH", "/v1/prompts/a/comments/c1")).answer({});
  await vi.waitFor(() => expect(document.activeElement).toBe(at("c1", "Edit")));

  at("c1", "Delete").focus();
  fireEvent.click(at("c1", "Delete"));
  await (await asking(asked, "DELETE", "/v1/prompts/a/comments/c1")).answer({});
  await vi.waitFor(() => expect(document.activeElement).toBe(at("c2", "Answer")));
});

it("reads no more members than it shows, looks for others as one types, and for those whose address is in a text (T1)", async () => {
  const asked = slowApi({ "GET /v1/prompts/a/comments": { data: [], next_cursor: null } });
  render(
    <Queries>
      <Comments slug="a" version={1} />
    </Queries>,
  );
  const first = await asking(asked, "GET", "/v1/members");
  expect(first.query.get("limit")).toBe("50");
  await first.answer({ ...MEMBERS, next_cursor: "more" });
  write("Comment on this version", "@lin@example.com what do you think?");
  press("Comment");
  const looked = await asking(asked, "GET", "/v1/members", 2);
  expect(looked.query.toString(), "a part of an address is one of many").toBe("email=lin%40example.com&limit=1");
  await looked.answer({ data: [{ user_id: "900", name: "Lin", email: "lin@example.com" }], next_cursor: null });
  expect((await asking(asked, "POST", "/v1/prompts/a/comments")).body).toMatchObject({ body: "@lin@example.com what do you think?" });
  expect(asked.filter((one) => one.path === "/v1/members").length).toBe(2);
});

it("keeps what is being written over another tab of the page, for its version alone, and not what was sent", async () => {
  const asked = slowApi({ "GET /v1/prompts/a/comments": { data: [], next_cursor: null } });
  const page = (version: number) => (
    <Queries>
      <Comments slug="a" version={version} />
    </Queries>
  );
  const field = () => screen.findByLabelText<HTMLTextAreaElement>("Comment on this version");
  const shown = render(page(1));
  fireEvent.change(await field(), { target: { value: "Half a thought" } });
  shown.unmount();
  const again = render(page(1));
  expect((await field()).value).toBe("Half a thought");
  again.rerender(page(2));
  expect((await field()).value).toBe("");
  again.rerender(page(1));
  expect((await field()).value).toBe("Half a thought");
  press("Comment");
  await asking(asked, "POST", "/v1/prompts/a/comments");
  again.unmount();
  render(page(1));
  expect((await field()).value).toBe("");
});

describe("a mention that is typed", () => {
  const typing = async (text: string) => {
    await show();
    const field = screen.getByLabelText<HTMLTextAreaElement>("Comment on v3 → v5");
    field.focus();
    fireEvent.change(field, { target: { value: text } });
    return field;
  };

  it("offers members, and Enter puts the address of the marked one into the text", async () => {
    const field = await typing("See @");
    const list = await screen.findByRole("listbox", { name: "Members" });
    expect(within(list).getAllByRole("option").map((one) => [one.textContent, one.getAttribute("aria-selected")])).toEqual([["Adaada@example.com", "true"], ["Gracegrace@example.com", "false"]]); // prettier-ignore
    fireEvent.keyDown(field, { key: "ArrowDown" });
    expect(document.getElementById(field.getAttribute("aria-activedescendant") ?? "")?.textContent).toBe("Gracegrace@example.com");
    expect(field.getAttribute("aria-controls")).toBe(list.id);
    fireEvent.keyDown(field, { key: "Enter" });
    expect([field.value, field.selectionStart]).toEqual(["See @grace@example.com ", 23]);
    expect(screen.queryByRole("listbox")).toBeNull();
  });

  it("goes away by Escape and stays away for this mention; Enter makes a line then", async () => {
    const field = await typing("See @");
    await screen.findByRole("listbox", { name: "Members" });
    fireEvent.keyDown(field, { key: "Escape" });
    expect(screen.queryByRole("listbox")).toBeNull();
    fireEvent.change(field, { target: { value: "See @g" } });
    expect(screen.queryByRole("listbox")).toBeNull();
    expect(fireEvent.keyDown(field, { key: "Enter" })).toBe(true);
  });
});
