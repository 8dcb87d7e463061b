import { describe, expect, it } from "vitest";
import { ARRIVAL, hostOf, oidcStart, reasonOf, targetOf } from "./target";

describe("where one goes after signing in", () => {
  it("is where one wanted to go, within this page", () => {
    expect(targetOf("/runs/1?tab=x")).toBe("/runs/1?tab=x");
  });
  it.each(["", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "prompts"])("is never elsewhere: %s", (to) => {
    expect(targetOf(to)).toBe(ARRIVAL);
  });
  it("travels through the provider below /app", () => {
    expect(oidcStart("/runs?q=a b")).toBe("/v1/auth/oidc/start?next=%2Fapp%2Fruns%3Fq%3Da+b");
  });
  it("names a provider by its host", () => {
    expect([hostOf("https://login.example.com/realms/x"), hostOf("Okta")]).toEqual(["login.example.com", "Okta"]);
  });
  it("says why it failed, also for a reason that nobody foresaw", () => {
    expect(reasonOf("unauthenticated")).toContain("Begin again");
    expect(reasonOf("some_thing")).toContain("some thing");
  });
  it("sends nobody for an invitation that cannot help: the e-mail is another account's", () => {
    expect(reasonOf("forbidden")).toContain("Another account here has the e-mail");
    expect(reasonOf("forbidden")).not.toContain("invitation");
  });
});
