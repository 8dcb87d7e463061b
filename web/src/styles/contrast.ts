/** Contrast of two colours as WCAG 2.2 (1.4.3) defines it: 1 to 21. Colours are `#rrggbb`. */
export function contrast(a: string, b: string): number {
  const [darker, lighter] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (!found) throw new Error(`${colour} is not written as #rrggbb`);
  const [r, g, b] = found.slice(1).map((part) => linear(parseInt(part, 16) / 255)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function linear(part: number): number {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

export type Tokens = Record<string, string>;

/** The tokens of both themes out of tokens.css. */
export function readTokens(css: string): { light: Tokens; dark: Tokens } {
  const blocks = [...css.matchAll(/\{([^}]*)\}/g)].map((block) => block[1] ?? "");
  const [light, dark] = blocks.map((block) => Object.fromEntries([...block.matchAll(/--([a-z0-9-]+):\s*([^;]+);/g)].map((one) => [one[1] ?? "", one[2] ?? ""])));
  if (!light || !dark) throw new Error("tokens.css has one block for each theme");
  return { light, dark };
}

const grounds = ["bg", "panel", "sunken"];
const series = ["series-1", "series-2", "series-3", "series-4", "series-5"];

/** Every pair of text and ground that the kit makes, and of shape and ground, with the least contrast. */
export const pairs: readonly { front: string; ground: string; least: number }[] = [
  ...["fg", "muted", "accent", "ok", "warn", "bad"].flatMap((front) => grounds.map((ground) => ({ front, ground, least: 4.5 }))),
  ...["fg", "accent", "muted"].map((front) => ({ front, ground: "accent-soft", least: 4.5 })),
  ...["ok", "warn", "bad"].flatMap((front) => [front, "fg"].map((text) => ({ front: text, ground: `${front}-soft`, least: 4.5 }))),
  { front: "accent-fg", ground: "accent", least: 4.5 },
  { front: "accent-fg", ground: "accent-strong", least: 4.5 },
  { front: "bad-fg", ground: "bad", least: 4.5 },
  { front: "bad-fg", ground: "bad-strong", least: 4.5 },
  ...grounds.map((ground) => ({ front: "line-strong", ground, least: 3 })),
  ...series.flatMap((front) => grounds.map((ground) => ({ front, ground, least: 3 }))),
];

/** The pairs that are too weak, in words. Empty where all hold. */
export function tooWeak(tokens: Tokens): string[] {
  return pairs.flatMap(({ front, ground, least }) => {
    const found = contrast(tokens[front] ?? "", tokens[ground] ?? "");
    return found < least ? [`${front} on ${ground} is ${found.toFixed(2)}:1, not ${least}:1`] : [];
  });
}
