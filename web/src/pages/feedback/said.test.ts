import { describe, expect, it } from "vitest";
import { earlierOf, senderOf, whatGoes, whoSaid } from "./said";

describe("who sent a reaction (F1)", () => {
  it("names a key as an author, and leaves people and webhooks as they are", () => {
    expect(senderOf("01a1")).toBe("api_key:01a1");
    expect(senderOf("user:7")).toBe("user:7");
    expect(senderOf("inbound:7")).toBe("inbound:7");
  });
});

describe("who said it", () => {
  it("is you where you said it here, and else whoever was named, by way of whoever sent it", () => {
    expect(whoSaid("ada@example.com", "You", "ada@example.com")).toEqual({ who: "You", by: null });
    expect(whoSaid("u-17", "You", "ada@example.com")).toEqual({ who: "u-17", by: "You" });
    expect(whoSaid(null, "You", null), "an account without an address").toEqual({ who: "no name given", by: "You" });
    expect(whoSaid(null, "API key shop", "ada@example.com")).toEqual({ who: "no name given", by: "API key shop" });
    expect(whoSaid("ada@example.com", null, "ada@example.com")).toEqual({ who: "ada@example.com", by: null });
  });
});

describe("what taking it back does", () => {
  it("says which reactions go together, and nothing of it where there is one", () => {
    expect(whatGoes(["thumb", "correction"])).toContain("thumb and correction go together");
    expect(whatGoes(["thumb"])).not.toContain("together");
  });
});

describe("what a reaction took the place of (F1)", () => {
  it("stands with the newest first, and leaves the answer of the API as it was", () => {
    const replaced = ["first", "second"];
    expect(earlierOf(replaced)).toEqual(["second", "first"]);
    expect(replaced).toEqual(["first", "second"]);
  });
});
