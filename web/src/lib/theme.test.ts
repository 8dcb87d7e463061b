import { afterEach, beforeEach, expect, it, vi } from "vitest";

/** The theme that is shown, where the machine is as said. */
async function shown(machine: { dark: boolean; forced: boolean }, chosen?: string) {
  vi.resetModules();
  localStorage.clear();
  if (chosen) localStorage.setItem("burnish.theme", chosen);
  vi.spyOn(globalThis, "matchMedia").mockImplementation((query) => ({ matches: query.includes("forced") ? machine.forced : machine.dark, addEventListener: () => undefined }) as never);
  const { chooseTheme } = await import("./theme");
  if (chosen) chooseTheme(chosen as "light" | "dark");
  else chooseTheme("system");
  return document.documentElement.dataset["theme"];
}

beforeEach(() => localStorage.clear());
afterEach(() => vi.restoreAllMocks());

it("is the chosen one, else the machine's", async () => {
  expect(await shown({ dark: true, forced: false })).toBe("dark");
  expect(await shown({ dark: true, forced: false }, "light")).toBe("light");
  expect(await shown({ dark: false, forced: false }, "dark")).toBe("dark");
});

it("suits the ground where somebody brings colours of their own, whatever was chosen", async () => {
  expect(await shown({ dark: true, forced: true }, "light")).toBe("dark");
  expect(await shown({ dark: false, forced: true }, "dark")).toBe("light");
});
