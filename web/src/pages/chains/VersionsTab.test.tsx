import { fireEvent, render, screen, within } from "@testing-library/react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { VersionsTab } from "./VersionsTab";

const address = vi.hoisted(() => ({ v: null as number | null, against: null as number | null, label: "" }));
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined }));
vi.mock("@/lib/url-state", async (original) => {
  const { useState } = await import("react");
  return { ...(await original<object>()), useUrlState: () => {
    const [, again] = useState(0);
    return [address, (changed: object) => { Object.assign(address, changed); again((times) => times + 1); }];
  } }; // prettier-ignore
});
vi.mock("@/api/authors", () => ({ useAuthors: () => (name: string) => name }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, editPrompts: true, admin: true }), needs: () => "" }));
beforeAll(preloadFloats);
beforeEach(() => void Object.assign(address, { v: null, against: null, label: "" }));

const AT = "2026-11-01T00:00:00Z";
const row = (version: number) => ({ version, message: `Note ${version}`, author: "user:1", created_at: AT, base_version: version > 1 ? version - 1 : null });
const whole = (version: number) => ({ ...row(version), slug: "c", steps: [{ id: "triage", prompt: "triage", retries: version }, ...(version > 1 ? [{ id: "reply", prompt: "reply" }] : [])], ...(version > 1 ? { deadline_s: 60 } : {}) });
const CHAIN = { slug: "c", version: 2, latest_version: 2, labels: { production: 1 } } as never;

async function show(onEdit: (version: object) => void = () => undefined) {
  const asked = slowApi({ "GET /v1/chains/c/versions": { data: [row(2), row(1)], next_cursor: null }, "GET /v1/chains/c/versions/1": whole(1), "GET /v1/chains/c/versions/2": whole(2) });
  render(
    <Queries>
      <VersionsTab chain={CHAIN} onEdit={onEdit} />
    </Queries>,
  );
  await screen.findByText("All of v2");
  return asked;
}

it("lists versions with their labels, shows what changed, and reads an old one step by step", async () => {
  const edited: unknown[] = [];
  await show((version) => edited.push(version));
  const list = within(screen.getByRole("list", { name: "Versions" })).getAllByRole("listitem").map((one) => one.textContent); // prettier-ignore
  expect([list[0]?.includes("v2latestNote 2user:1"), list[1]?.includes("v1productionNote 1user:1")]).toEqual([true, true]);
  screen.getByText("Step reply, new");
  screen.getByText("Deadline", { selector: "td *, td" });
  fireEvent.click(screen.getByText("Note 1"));
  await screen.findByText("All of v1");
  fireEvent.click(screen.getByRole("button", { name: /^triage/ }));
  screen.getByText(/"retries": 1/);
  fireEvent.click(screen.getByRole("button", { name: "Edit from here" }));
  expect(edited).toEqual([whole(1)]);
});

it("moves a label, a new one too, and says what changes for whoever asks for it", async () => {
  const asked = await show();
  fireEvent.click(screen.getByRole("button", { name: "Move a label here…" }));
  const dialog = within(await screen.findByRole("dialog"));
  await dialog.findByText("Step reply, new");
  fireEvent.change(dialog.getByLabelText("Label"), { target: { value: "staging" } });
  fireEvent.change(dialog.getByLabelText("Reason"), { target: { value: "To try" } });
  fireEvent.click(dialog.getByRole("button", { name: "Move staging" }));
  const sent = await asking(asked, "PUT", "/v1/chains/c/labels/staging");
  expect(sent.body).toEqual({ version: 2, reason: "To try" });
});

it("brings a label of a chain back by a move like any other", async () => {
  address.label = "production";
  const asked = await show();
  await (await asking(asked, "GET", "/v1/chains/c/labels/production/history")).answer({ data: [{ label: "production", version: 1, from_version: 2, moved_at: AT, author: "user:1", reason: "" }], next_cursor: null });
  fireEvent.click(screen.getByRole("button", { name: "Roll back to v2…" }));
  fireEvent.click(await screen.findByRole("button", { name: "Roll production back" }));
  expect((await asking(asked, "PUT", "/v1/chains/c/labels/production")).body).toMatchObject({ version: 2 });
});
