import { expect, it } from "vitest";
import { marksOf } from "./MarkFilters";

it("asks the API for what is chosen, and for nothing else (D1)", () => {
  expect(marksOf({ category: "", tag: "", made: "" })).toEqual({});
  expect(marksOf({ category: "billing", tag: "vip", made: "up" })).toEqual({ category: "billing", tag: "vip", synthetic: true });
  expect(marksOf({ category: "", tag: "", made: "real" })).toEqual({ synthetic: false });
});
