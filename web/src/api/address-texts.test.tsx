/** Texts behind the "#" over a sign-in. */
import { renderHook } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { forgetAddressTexts } from "./address-texts";
import { type Session, useAddressTexts } from "./session";
import { forgetDrafts } from "./unsaved";

type Who = string | null | undefined;
const of = (who: Who) => (who ? ({ user: { id: who } } as Session) : (who as null | undefined));
const at = (href: string, by?: string) => window.history.replaceState({ key: "k", ...(by ? { by } : {}) }, "", href);

beforeEach(() => {
  sessionStorage.clear();
  forgetDrafts("u1");
});

/** The shell with these sessions, one after the other: whether it showed its page with the last one. */
function shell(...sessions: Who[]): boolean {
  const { result, rerender, unmount } = renderHook(({ who }) => useAddressTexts(of(who)), { initialProps: { who: sessions[0] } });
  for (const who of sessions.slice(1)) rerender({ who });
  const isReady = result.current;
  unmount();
  return isReady;
}

it("puts the texts back for whoever wrote them, at the same address, before the page is shown", () => {
  at("/app/playground?model=a%20b#texts");
  expect(shell("u1", null)).toBe(false);
  at("/app/sign-in?to=x");
  at("/app/playground?model=a+b");
  expect(shell("u1")).toBe(true);
  expect(window.location.href).toMatch("/app/playground?model=a+b#texts");
  expect(window.history.state).toEqual({ key: "k", by: "u1" });
  expect(sessionStorage).toHaveLength(0);
});

it("keeps those of a link for whoever signs in, and those that name their writer for nobody else", () => {
  at("/app/playground#linked");
  shell(undefined, null);
  forgetAddressTexts("u2");
  at("/app/playground");
  shell("u2");
  expect(window.location.hash).toBe("#linked");

  at("/app/playground#mine", "u1");
  shell(undefined, null);
  at("/app/playground");
  shell("u2");
  expect(window.location.hash).toBe("");
  expect(sessionStorage).toHaveLength(0);
});

it.each([["another address", "/app/playground?prompt=a"], ["texts of its own", "/app/playground#other"]])("leaves %s as it is, and keeps nothing after that", (_, href) => {
  at("/app/playground#mine");
  shell("u1", null);
  at(href);
  shell("u1");
  expect(window.location.href.endsWith(href)).toBe(true);
  at("/app/playground");
  shell("u1");
  expect(window.location.hash).toBe("");
});

it("keeps nothing of whoever signed out, and nothing when another one comes at once", () => {
  at("/app/playground#mine");
  forgetDrafts();
  shell("u1", null);
  expect(sessionStorage).toHaveLength(0);
  forgetDrafts("u1");
  at("/app/playground#mine");
  shell("u1", undefined);
  expect([sessionStorage.length, window.location.hash]).toEqual([0, ""]);
});

it("forgets those of everybody else", () => {
  at("/app/playground#mine");
  shell("u1", null);
  forgetAddressTexts("u1");
  expect(sessionStorage).toHaveLength(1);
  forgetAddressTexts("u2");
  expect(sessionStorage).toHaveLength(0);
});
