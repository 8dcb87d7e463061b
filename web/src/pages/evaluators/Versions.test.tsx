import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { Versions } from "./Versions";

const address = vi.hoisted(() => ({ v: null as number | string | null, with: null as number | string | null }));
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined }));
vi.mock("@/lib/url-state", async (original) => {
  const { useState } = await import("react");
  return { ...(await original<object>()), useUrlState: () => {
    const [, again] = useState(0);
    return [address, (changed: object) => { Object.assign(address, changed); again((times) => times + 1); }];
  } }; // prettier-ignore
});
vi.mock("@/api/authors", () => ({ useAuthors: () => (name: string) => name }));
beforeEach(() => void Object.assign(address, { v: null, with: null }));

const PATH = "/v1/evaluators/e/versions";
const row = (version: number) => ({ version, settings: { kind: "regex", pattern: `word ${version}` }, message: `Note ${version}`, created_by: "user:1", created_at: "2026-11-01T00:00:00Z" });
const BOTH = { data: [row(2), row(1)], next_cursor: null };

function show(given: object, known: Record<string, unknown> = { [`GET ${PATH}`]: BOTH }) {
  Object.assign(address, given);
  const asked = slowApi(known);
  render(
    <Queries>
      <Versions evaluator={{ id: "e", version: 2 } as never} />
    </Queries>,
  );
  return asked;
}

it.each([{ v: 99 }, { v: "abc" }, { v: 2, with: 99 }, { with: "abc" }])("says of %o that there is no such version, and leads to the newest and the list", async (given) => {
  show(given);
  await screen.findByRole("heading", { name: `There is no version ${Object.values(given).find((one) => one !== 2)}` });
  screen.getByText("Note 1");
  expect(screen.queryByText(/word/)).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Show the newest, v2" }));
  await screen.findByRole("figure", { name: "Settings: v1 against v2" });
});

it("shows the version that the address names, against the one before it or nothing", async () => {
  show({ v: 1 });
  await screen.findByLabelText("Settings of v1");
  fireEvent.click(screen.getByText("Note 2"));
  await screen.findByRole("figure", { name: "Settings: v1 against v2" });
  fireEvent.change(screen.getByLabelText("Compare with"), { target: { value: "" } });
  await screen.findByLabelText("Settings of v2");
});

it("reads the older ones, too, before it says that there is none", async () => {
  const asked = show({ v: 1 }, {});
  await (await asking(asked, "GET", PATH)).answer({ data: [row(2)], next_cursor: "older" });
  const older = await asking(asked, "GET", PATH, 2);
  expect([older.query.get("cursor"), screen.queryByRole("heading", { name: /no version/ })]).toEqual(["older", null]);
  await older.answer({ data: [row(1)], next_cursor: null });
  await screen.findByLabelText("Settings of v1");
});
