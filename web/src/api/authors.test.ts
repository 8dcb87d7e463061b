import { expect, it } from "vitest";
import { authorOf } from "./authors";

const KNOWN = { me: "u1", members: [{ user_id: "u2", name: "Ann" }, { user_id: "u3", name: "", email: "b@x.example" }], keys: [{ id: "k1", name: "ci" }] };

it("names who did it: people and keys by their names, others by the end of their id", () => {
  const said = ["user:u1", "user:u2", "user:u3", "user:gone", "api_key:k1", "api_key:01a1f975-5e37-7621-abe5-0ff52ae0863e", "operator", "robot:123456789", ""].map((one) => authorOf(one, KNOWN));
  expect(said).toEqual(["You", "Ann", "b@x.example", "A former member", "API key ci", "API key …e0863e", "The operator", "robot …456789", "Burnish"]);
});

it("says what acted by itself", () => {
  expect(["system:schedule", "system:alert_policy", "system:webhooks"].map((one) => authorOf(one, KNOWN))).toEqual(["A schedule", "An alert", "Burnish"]);
});

it("calls nobody a former member before the members are known", () => {
  expect(authorOf("user:u2", { me: "u1" })).toBe("A member");
  expect(authorOf("user:u9", { me: "u1", members: KNOWN.members, areMore: true })).toBe("A member");
});
