import { expect, it } from "vitest";
import { KINDS, changeOf, nameOfKind, payerOf } from "./movements";

it("knows which way the money of each kind goes", () => {
  const way = (kind: string) => changeOf({ kind, amount_nusd: 7 });
  expect(KINDS.filter((kind) => way(kind) === 7)).toEqual(["grant", "top_up", "base_grant", "credit_line", "allowance", "funding_return", "refund", "move_in"]);
  expect(KINDS.filter((kind) => way(kind) === -7)).toEqual(["allowance_expired", "charge", "fee", "funding", "adjustment", "move_out"]);
  expect([way("overage"), way("of another day")]).toEqual([null, null]);
});

it("names each kind, and by its own name what it does not know", () => {
  expect(new Set(KINDS.map(nameOfKind)).size).toBe(KINDS.length);
  expect([nameOfKind("funding"), nameOfKind("new_kind")]).toEqual(["Set aside for jobs", "new kind"]);
});

it("says of a charge that the credit did not pay who did", () => {
  expect(payerOf({ kind: "charge", change_nusd: 0 })).toMatch(/^Paid by the allowance/);
  expect([payerOf({ kind: "charge", change_nusd: -7 }), payerOf({ kind: "fee", change_nusd: -7 }), payerOf({ kind: "overage", change_nusd: 0 })]).toEqual([null, null, null]);
});
