import { expect, it } from "vitest";
import { fileOf } from "./file";

it("downloads the version and the split whose items are shown", () => {
  expect(fileOf({ tab: "items", version: null, split: "all" })).toEqual({ query: {} });
  expect(fileOf({ tab: "items", version: 2, split: "test" })).toEqual({ query: { version: "2", split: "test" }, hint: "The test split of version 2, as an upload reads it" });
  expect(fileOf({ tab: "items", version: 1, split: "all" })).toEqual({ query: { version: "1" }, hint: "All items of version 1, as an upload reads it" });
  expect(fileOf({ tab: "leaks", version: 2, split: "test" })).toEqual({ query: {} });
});
