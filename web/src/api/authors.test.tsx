import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { authorOf, useAuthors } from "./authors";
import { Queries, asking, slowApi } from "./slow.fake";

vi.mock("./session", () => ({ useSession: () => ({ user: { id: "u1" } }), useMay: () => ({ admin: false }) }));

const KNOWN = { me: "u1", members: [{ user_id: "u2", name: "Ann" }, { user_id: "u3", name: "", email: "b@x.example" }], keys: [{ id: "k1", name: "ci" }] };

it("names who did it: people and keys by their names, others by the end of their id", () => {
  const said = ["user:u1", "user:u2", "user:u3", "user:gone", "api_key:k1", "api_key:01a1f975-5e37-7621-abe5-0ff52ae0863e", "operator", "robot:123456789", ""].map((one) => authorOf(one, KNOWN));
  expect(said).toEqual(["You", "Ann", "b@x.example", "A former member", "API key ci", "API key …e0863e", "The operator", "robot …456789", "Burnish"]);
});

it("keeps a name that runs from the right from turning the sentence around it", () => {
  const known = { ...KNOWN, members: [{ user_id: "u4", name: "שלום" }], keys: [{ id: "k2", name: "مرحبا" }] };
  expect(["user:u4", "api_key:k2"].map((one) => authorOf(one, known))).toEqual(["\u2068שלום\u2069", "API key \u2068مرحبا\u2069"]);
});

it("says what acted by itself", () => {
  expect(["system:schedule", "system:alert_policy", "system:webhooks"].map((one) => authorOf(one, KNOWN))).toEqual(["A schedule", "An alert", "Burnish"]);
});

it("calls nobody a former member before the members are known", () => {
  expect(authorOf("user:u2", { me: "u1" })).toBe("A member");
  expect(authorOf("user:u9", { me: "u1", members: KNOWN.members, areMore: true })).toBe("A member");
});

const id = (at: number) => `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`;
const member = (at: number) => ({ user_id: id(at), name: `Member ${at}`, email: null });

function Names({ of }: { of: readonly number[] }) {
  const nameOf = useAuthors();
  return <ul>{of.map((at) => <li key={at}>{nameOf(`user:${id(at)}`)}</li>)}</ul>; // prettier-ignore
}

const named = () => screen.getAllByRole("listitem").map((one) => one.textContent);

it("asks for the members that are beyond the first page, all that are drawn together, each once", async () => {
  const asked = slowApi();
  const { rerender } = render(<Names of={[1, 300, 301]} />, { wrapper: Queries });
  await (await asking(asked, "GET", "/v1/members")).answer({ data: [member(1)], next_cursor: "more" });
  const second = await asking(asked, "GET", "/v1/members", 2);
  expect(second.query.getAll("user_id")).toEqual([id(300), id(301)]);
  expect(named()).toEqual(["Member 1", "A member", "A member"]);
  await second.answer({ data: [member(300)], next_cursor: null });
  expect(named()).toEqual(["Member 1", "Member 300", "A former member"]);
  rerender(<Names of={[301, ...Array.from({ length: 150 }, (_, at) => 400 + at)]} />);
  const third = await asking(asked, "GET", "/v1/members", 3);
  const fourth = await asking(asked, "GET", "/v1/members", 4);
  expect([third, fourth].map((one) => one.query.getAll("user_id").length)).toEqual([100, 50]);
  await fourth.answer({ data: [member(549)], next_cursor: null });
  expect(named().at(-1)).toBe("Member 549");
  expect(named()[0]).toBe("A former member");
  expect(asked).toHaveLength(4);
});

it("asks for nobody where all members are known", async () => {
  const asked = slowApi();
  render(<Names of={[1, 2]} />, { wrapper: Queries });
  await (await asking(asked, "GET", "/v1/members")).answer({ data: [member(1)], next_cursor: null });
  expect(named()).toEqual(["Member 1", "A former member"]);
  expect(asked).toHaveLength(1);
});
