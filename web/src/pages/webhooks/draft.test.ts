import { describe, expect, it } from "vitest";
import { rebased } from "@/api/form-over";
import { type Endpoint, askedAnew, bodyOf, changesOf, columnOf, draftOf, missingOf, faultsOf, labelsOf, lineAt } from "./draft";

describe("the form of an endpoint", () => {
  it("sends null for what is empty, and for a header that stays as it is stored", () => {
    const draft = { ...draftOf(null), url: " https://a.example/h ", events: ["alert.*"], headers: [{ name: "Authorization", value: "", stored: true }, { name: " X-Team ", value: "a", stored: false }, { name: "", value: "lost", stored: false }] };
    expect(bodyOf(draft)).toMatchObject({ url: "https://a.example/h", filters: null, throttle_per_minute: null, ordered: false, order_wait_s: null, headers: { Authorization: null, "X-Team": "a" } });
  });
  it("sends filters, throttle and the wait in seconds", () => {
    const draft = { ...draftOf(null), prompts: ["router"], labels: "production, staging production", throttle: "120", ordered: true, orderWaitMin: "1.5" };
    expect(bodyOf(draft)).toMatchObject({ filters: { prompts: ["router"], labels: ["production", "staging"] }, throttle_per_minute: 120, order_wait_s: 90 });
  });
  it("knows what is no number", () => {
    const of = (throttle: string, orderWaitMin = "60") => faultsOf({ ...draftOf(null), throttle, ordered: true, orderWaitMin });
    expect(of("")).toEqual({});
    expect(of("60000")).toEqual({});
    expect(Object.keys(of("0", ""))).toEqual(["throttle", "orderWaitMin"]);
    expect(Object.keys(of("1.5", "1441"))).toEqual(["throttle", "orderWaitMin"]);
  });
  it("changes only what differs, and the wait with its order", () => {
    const before = { ...draftOf(null), url: "https://a.example", ordered: true };
    expect(changesOf(before, before)).toEqual({});
    expect(changesOf(before, { ...before, orderWaitMin: "5", description: "desk" })).toEqual({ description: "desk", ordered: true, order_wait_s: 300 });
  });
  it("asks for a hidden header anew where the address leads to another server", () => {
    const before = { ...draftOf(null), url: "https://a.example/h", headers: [{ name: "Authorization", value: "", stored: true }, { name: "X-Team", value: "a", stored: false }] };
    expect(askedAnew(before, { ...before, url: " https://a.example:443/other " })).toBeNull();
    for (const url of ["https://b.example/h", "http://a.example/h", "https://a.example:8443/h", "https:"]) expect(askedAnew(before, { ...before, url })).toContain("Authorization");
    const typed = [{ name: "Authorization", value: "Bearer b", stored: false }];
    expect(askedAnew(before, { ...before, url: "https://b.example/h", headers: typed })).toBeNull();
    expect(changesOf(before, { ...before, url: "https://b.example/h", headers: typed })).toEqual({ url: "https://b.example/h", headers: { Authorization: "Bearer b" } });
  });
  it("differs once somebody wrote a value that nobody reads", () => {
    const saved = (revision: number) => draftOf({ url: "https://a.example/h", events: ["*"], filters: {}, condition: "", description: "", headers: { Authorization: null }, headers_revision: revision, throttle_per_minute: null, order_wait_s: null, include: [], public_key: null } as unknown as Endpoint);
    const [before, now] = [saved(1), saved(2)];
    expect(now).not.toEqual(before);
    expect(rebased(before, before, now)).toEqual({ draft: now, isApart: false });
    const typed = { ...before, headers: [{ name: "Authorization", value: "Bearer mine", stored: false }] };
    expect(rebased(before, typed, now)).toEqual({ draft: typed, isApart: true });
    expect(changesOf(now, now)).toEqual({});
  });
  it("shows labels once each", () => {
    expect(labelsOf(" a,b  a ")).toEqual(["a", "b"]);
  });
});

describe("the place of an error in an expression", () => {
  it("is what the API says", () => {
    expect(columnOf("condition: a value is missing before 'and' (column 14)")).toBe(14);
    expect(columnOf("condition: is never true or false")).toBeNull();
    expect(columnOf(undefined)).toBeNull();
  });
  it.each([
    ["data.delta > and", 14, "data.delta > and", 13],
    ["a and\nb >", 10, "b >", 3],
    ["a and\nb", 5, "a and", 4],
    ["a", 99, "a", 1],
  ])("in %j at %i is %j, %i in", (text, column, line, at) => {
    expect(lineAt(text, column)).toEqual({ line, at });
  });
});

it("says what is missing before an endpoint can be made", () => {
  const draft = draftOf(null);
  expect(missingOf(draft)).toBe("give an address and choose an event");
  expect(missingOf({ ...draft, url: "https://a.example", events: ["*"] })).toBeNull();
});
