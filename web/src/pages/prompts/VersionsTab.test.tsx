import { QueryClient } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { type Edit, VersionsTab } from "./VersionsTab";

const address = vi.hoisted(() => ({ v: null as number | string | null, version: null as number | string | null, against: null as number | string | null, label: "" }));
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined }));
vi.mock("@/lib/url-state", async (original) => {
  const { useState } = await import("react");
  return { ...(await original<object>()), useUrlState: () => {
    const [, again] = useState(0);
    return [address, (changed: object) => { Object.assign(address, changed); again((times) => times + 1); }];
  } }; // prettier-ignore
});
vi.mock("@/api/authors", () => ({ useAuthors: () => (name: string) => name }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, editPrompts: true, admin: true }), useSession: () => ({ user: { id: "1" }, workspace: { id: "w" } }), needs: () => "" }));
beforeAll(preloadFloats);
beforeEach(() => void Object.assign(address, { v: null, version: null, against: null, label: "" }));

const AT = "2026-11-01T00:00:00Z";
const LIST = "GET /v1/prompts/a/versions";
const BRANCHES = { data: [{ branch: "main", version: 2 }, { branch: "formal", version: 3 }, { branch: "short", version: 1 }], next_cursor: null };
const row = (version: number) => ({ version, message: `Note ${version}`, author: "user:1", created_at: AT, base_version: version > 1 ? version - 1 : null, branch: "main", status: "draft", source: "manual" });
const listed = (newest: number) => ({ data: Array.from({ length: newest }, (_, index) => row(newest - index)), next_cursor: null });
const whole = (version: number) => ({ ...row(version), messages: [{ role: "user", content: `Text ${version}` }], model: "m" });
const promptAt = (newest: number) => ({ slug: "a", labels: {}, latest_version: newest }) as never;

/** The tab of a prompt with two versions; `save`: somebody saves another one, and the page reads it. `kept`: what was read before, and the list comes late. */
async function show(kept?: QueryClient, changed: Record<string, unknown> = {}, onEdit: Edit = () => undefined) {
  const versions = [1, 2, 3, 4].flatMap((version) => [[`GET /v1/prompts/a/versions/${version}`, whole(version)], [`GET /v1/prompts/a/versions/${version}/review`, { version, status: "draft", reviews: [] }]] as const); // prettier-ignore
  const known: Record<string, unknown> = { ...Object.fromEntries(versions), "GET /v1/members": { data: [], next_cursor: null }, "GET /v1/prompts/a/branches": { data: [] }, "GET /v1/prompts/a/comments": { data: [], next_cursor: null }, ...(kept ? {} : { [LIST]: listed(2) }), ...changed };
  const asked = slowApi(known);
  const queries = kept ?? new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const tab = (newest: number) => (
    <Queries of={queries}>
      <VersionsTab prompt={promptAt(newest)} onEdit={onEdit} />
    </Queries>
  );
  const { rerender } = render(tab(2));
  await shows(2);
  const save = async (version: number) => {
    known[LIST] = listed(version);
    await act(() => queries.invalidateQueries());
    rerender(tab(version));
    await screen.findByText(`Note ${version}`);
  };
  return { asked, save, queries };
}

const shows = (version: number) => screen.findByRole("region", { name: `Version ${version}` });
const field = () => screen.findByLabelText<HTMLTextAreaElement>(/^Comment on/);
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));
const choose = (version: number) => fireEvent.click(screen.getByText(`Note ${version}`));
const ask = (what: string) => {
  press("More with this version");
  fireEvent.click(screen.getByRole("menuitem", { name: what }));
};

it("stays at the version that one reads, with the comment that one writes, when somebody saves another", async () => {
  const { save } = await show();
  fireEvent.change(await field(), { target: { value: "Too long" } });
  await save(3);
  await shows(2);
  expect((await field()).value).toBe("Too long");
  choose(3);
  await shows(3);
  expect((await field()).value).toBe("");
});

it("shows what one saved just before one came, as soon as the list knows it", async () => {
  const { queries } = await show();
  cleanup();
  await queries.invalidateQueries({ refetchType: "none" });
  const { asked } = await show(queries);
  await (await asking(asked, "GET", "/v1/prompts/a/versions")).answer(listed(3));
  await shows(3);
});

it("does to the version that one looked at what one asks for, and shows what came of it", async () => {
  const { asked, save } = await show();
  ask("Shorten it…");
  await screen.findByRole("dialog", { name: "Shorten v2" });
  await save(3);
  press("Show what would go");
  const found = { tokens_saved: 2, tokens_before: 9, saved_percent: 22, texts: [], new_version: null };
  await (await asking(asked, "POST", "/v1/prompts/a/versions/2/compress")).answer(found);
  press("Save as the next version");
  await (await asking(asked, "POST", "/v1/prompts/a/versions/2/compress", 2)).answer({ ...found, new_version: 4 });
  await shows(4);
});

it("takes parts over onto the version that it says, or is refused", async () => {
  const { asked, save } = await show();
  choose(1);
  await shows(1);
  ask("Take parts of it over…");
  fireEvent.click(await screen.findByRole("checkbox", { name: "Text" }));
  await save(3);
  press("Save");
  expect((await asking(asked, "POST", "/v1/prompts/a/versions/1/cherry-pick")).body).toMatchObject({ base_version: 2, parts: ["messages"] });
});

it("looks at what was saved meanwhile, and takes the parts onto that", async () => {
  const branches = { data: [{ branch: "main", version: 2 }], next_cursor: null };
  const known = { "GET /v1/prompts/a/branches": branches };
  const { asked } = await show(undefined, known);
  choose(1);
  await shows(1);
  ask("Take parts of it over…");
  fireEvent.click(await screen.findByRole("checkbox", { name: "Text" }));
  branches.data = [{ branch: "main", version: 3 }];
  press("Save");
  await (await asking(asked, "POST", "/v1/prompts/a/versions/1/cherry-pick")).answer({ error: { code: "version_conflict", message: "It stands at v3 by now." } }, 409);
  await screen.findByText("Somebody saved v3 on the main line meanwhile.");
  press("Look at it");
  fireEvent.click(await screen.findByRole("checkbox", { name: "Text" }));
  press("Save");
  expect((await asking(asked, "POST", "/v1/prompts/a/versions/1/cherry-pick", 2)).body).toMatchObject({ base_version: 3, parts: ["messages"] });
});

it("takes parts of the newest version over onto a branch, as it stood when one looked", async () => {
  const branches = { ...BRANCHES };
  const { asked } = await show(undefined, { "GET /v1/prompts/a/branches": branches });
  ask("Take parts of it over…");
  await screen.findByText(/They come onto v3, as the next version on the branch formal/);
  fireEvent.click(await screen.findByRole("checkbox", { name: "Text" }));
  press("Save");
  branches.data = BRANCHES.data.map((one) => (one.branch === "formal" ? { ...one, version: 4 } : one));
  const first = await asking(asked, "POST", "/v1/prompts/a/versions/2/cherry-pick");
  expect(first.body).toMatchObject({ base_version: 3, branch: "formal" });
  await first.answer({ error: { code: "version_conflict", message: "It stands at v4 by now." } }, 409);
  await screen.findByText("Somebody saved v4 on the branch formal meanwhile.");
  press("Save");
  expect((await asking(asked, "POST", "/v1/prompts/a/versions/2/cherry-pick", 2)).body).toMatchObject({ base_version: 3 });
});

it("edits a version on its own line, what the main line stands at on the main one, and where a branch stands on that branch", async () => {
  const asked: [number, string][] = [];
  const onBranch = (version: number) => ({ [`GET /v1/prompts/a/versions/${version}`]: { ...whole(version), branch: "formal" } });
  await show(undefined, { "GET /v1/prompts/a/branches": BRANCHES, ...onBranch(1), ...onBranch(2) }, (version, line) => asked.push([version.version, line]));
  const edit = async () => {
    await vi.waitFor(() => expect(screen.getByRole<HTMLButtonElement>("button", { name: "Edit from here" }).disabled).toBe(false));
    press("Edit from here");
  };
  await edit();
  choose(1);
  await shows(1);
  await edit();
  press("Edit on the branch short");
  await vi.waitFor(() => expect(asked).toEqual([[2, "main"], [1, "formal"], [1, "short"]])); // prettier-ignore
});

it("merges into the line that one chooses what one looked at", async () => {
  const clean = (a: number, b: number) => ({ slug: "a", ours: a, theirs: b, ancestor_version: 1, clean: true, content: { messages: [], model: "m" }, conflicts: [] });
  const { asked, save } = await show(undefined, { "GET /v1/prompts/a/branches": BRANCHES, "GET /v1/prompts/a/versions/2/merge/3": clean(2, 3), "GET /v1/prompts/a/versions/3/merge/2": clean(3, 2) });
  ask("Merge a branch…");
  fireEvent.change(await screen.findByLabelText("Into"), { target: { value: "formal" } });
  expect(screen.getByLabelText<HTMLSelectElement>("Merge").value).toBe("main");
  await screen.findByText("Into the branch formal, which stands at v3. No label moves.");
  await save(4);
  await vi.waitFor(() => expect(screen.getAllByRole<HTMLButtonElement>("button", { name: "Merge" }).every((one) => !one.disabled)).toBe(true));
  press("Merge");
  expect((await asking(asked, "POST", "/v1/prompts/a/merge")).body).toMatchObject({ version: 2, into: "formal", base_version: 3, resolutions: [] });
});

it.each([{ v: 99 }, { version: 99 }, { v: 2, against: 99 }])("says of %o that there is no such version, and leads to the newest and the list", async (given) => {
  Object.assign(address, given);
  const asked = slowApi({ [LIST]: listed(2), "GET /v1/members": { data: [], next_cursor: null }, "GET /v1/prompts/a/branches": { data: [] }, "GET /v1/prompts/a/comments": { data: [], next_cursor: null }, ...Object.fromEntries([1, 2].flatMap((one) => [[`GET /v1/prompts/a/versions/${one}`, whole(one)], [`GET /v1/prompts/a/versions/${one}/review`, { version: one, status: "draft", reviews: [] }]])) }); // prettier-ignore
  render(
    <Queries of={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <VersionsTab prompt={promptAt(2)} onEdit={() => undefined} />
    </Queries>,
  );
  await screen.findByText("Note 1");
  await (await asking(asked, "GET", "/v1/prompts/a/versions/99")).answer({ error: { code: "not_found", message: "There is no such version." } }, 404);
  await screen.findByRole("heading", { name: "There is no version 99" });
  expect(asked.map((one) => one.path)).toEqual(["/v1/prompts/a/versions/99"]);
  expect(screen.queryByRole("region", { name: /^Version/ })).toBeNull();
  screen.getByText("Note 1");
  press("Show the newest, v2");
  await shows(2);
});

it.each([{ v: "abc" }, { version: "v2" }, { v: 2, against: "abc" }])("says of %o that there is no such version, and asks nobody for it", async (given) => {
  Object.assign(address, given);
  const asked = slowApi({ [LIST]: listed(2), "GET /v1/members": { data: [], next_cursor: null }, "GET /v1/prompts/a/branches": { data: [] }, "GET /v1/prompts/a/comments": { data: [], next_cursor: null }, ...Object.fromEntries([1, 2].flatMap((one) => [[`GET /v1/prompts/a/versions/${one}`, whole(one)], [`GET /v1/prompts/a/versions/${one}/review`, { version: one, status: "draft", reviews: [] }]])) }); // prettier-ignore
  render(
    <Queries of={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <VersionsTab prompt={promptAt(2)} onEdit={() => undefined} />
    </Queries>,
  );
  await screen.findByRole("heading", { name: `There is no version ${Object.values(given).find((one) => typeof one === "string")}` });
  expect(asked).toEqual([]);
  expect(screen.queryByRole("region", { name: /^Version/ })).toBeNull();
  press("Show the newest, v2");
  await shows(2);
});
