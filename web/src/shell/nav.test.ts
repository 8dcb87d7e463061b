import { expect, it } from "vitest";
import { ACCOUNT, NAV, PLACES } from "./nav";

/** Before one is signed in, and what is built in development alone. */
const EXCEPTIONS = new Set(["/sign-in", "/sign-up", "/invite", "/reset-password", "/kit"]);
const found = import.meta.glob<{ default: { path: string }[] }>("../pages/*/routes.ts", { eager: true });
const paths = Object.values(found).flatMap((one) => one.default.map(({ path }) => path));
const named = [...NAV.flatMap((group) => group.items), ...ACCOUNT, ...PLACES].map(({ to }) => to);

it("finds every page that needs no id by its name", () => {
  expect(paths.length).toBeGreaterThan(60);
  const known = new Set(named.map((to) => to.split("?")[0]));
  expect(paths.filter((path) => !path.includes("$") && !EXCEPTIONS.has(path) && !known.has(path))).toEqual([]);
});

it("names no page that is not there, and none twice", () => {
  expect(named.filter((to) => !paths.includes(to.split("?")[0] ?? ""))).toEqual([]);
  expect(new Set(named).size).toBe(named.length);
  expect(NAV.flatMap((group) => group.items)).toHaveLength(13);
});
