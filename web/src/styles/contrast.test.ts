import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contrast, pairs, readTokens, tooWeak } from "./contrast";

const themes = readTokens(readFileSync("src/styles/tokens.css", "utf8"));

describe("tokens", () => {
  it("know the two ends of the scale", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
    expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.478, 2);
  });

  it.each(["light", "dark"] as const)("are legible in the %s theme", (theme) => {
    expect(pairs.length).toBeGreaterThan(40);
    expect(tooWeak(themes[theme])).toEqual([]);
  });

  it.each(["light", "dark"] as const)("are caught when one of the %s theme fades", (theme) => {
    const faded = { ...themes[theme], muted: theme === "light" ? "#a8a29e" : "#57534e" };
    expect(tooWeak(faded)).toContainEqual(expect.stringMatching(/^muted on panel is \d\.\d\d:1, not 4.5:1$/));
  });

  it("have the same names in both themes", () => {
    expect(Object.keys(themes.dark)).toEqual(Object.keys(themes.light));
  });
});
