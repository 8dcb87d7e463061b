import { expect, it } from "vitest";
import { mergedText } from "./merge";

const BASE = "Greet them.\nBe brief.\nUse their language.\nSay goodbye.";

it("keeps what both changed in different lines, whoever is asked first", () => {
  const theirs = BASE.replace("Greet them.", "Greet them warmly.");
  const mine = `${BASE}\nNo emojis.`.replace("Use their language.\n", "");
  const both = "Greet them warmly.\nBe brief.\nSay goodbye.\nNo emojis.";
  expect(mergedText(BASE, theirs, mine)).toBe(both);
  expect(mergedText(BASE, mine, theirs)).toBe(both);
});

it("decides nothing where both changed the same lines, or lines that touch", () => {
  expect(mergedText(BASE, BASE.replace("brief", "short"), BASE.replace("brief", "long"))).toBeNull();
  expect(mergedText(BASE, BASE.replace("Be brief.", "Be short."), BASE.replace("Use their", "Use your"))).toBeNull();
  expect(mergedText(BASE, BASE.replace("Be brief.\n", ""), BASE.replace("brief", "long"))).toBeNull();
  expect(mergedText(BASE, `One.\n${BASE}`, `Two.\n${BASE}`)).toBeNull();
});

it("takes what both changed alike once, and what one alone changed", () => {
  const same = BASE.replace("brief", "short");
  expect(mergedText(BASE, same, `${same}\nMore.`)).toBe(`${same}\nMore.`);
  expect(mergedText(BASE, BASE, same)).toBe(same);
  expect(mergedText(BASE, same, BASE)).toBe(same);
  expect(mergedText("", "a", "a")).toBe("a");
});

it("loses no line of either, over many texts", () => {
  let seed = 7;
  const dice = (n: number) => (seed = (seed * 48_271) % 2_147_483_647) % n;
  let merged = 0;
  for (let round = 0; round < 400; round++) {
    const lines = Array.from({ length: 8 }, (_, n) => `line ${n}`);
    const changed = (mark: string) => lines.flatMap((line) => (dice(6) === 0 ? (dice(2) ? [line, `${mark} ${dice(99)}`] : [`${mark} ${dice(99)}`]) : [line]));
    const [theirs, mine] = [changed("theirs"), changed("mine")];
    const found = mergedText(lines.join("\n"), theirs.join("\n"), mine.join("\n"));
    if (found === null) continue;
    merged++;
    const kept = found.split("\n");
    for (const line of [...theirs, ...mine].filter((one) => !one.startsWith("line"))) expect(kept).toContain(line);
    for (const line of lines) if (theirs.includes(line) && mine.includes(line)) expect(kept).toContain(line);
  }
  expect(merged).toBeGreaterThan(20);
});
