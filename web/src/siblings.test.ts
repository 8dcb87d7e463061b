import ts from "typescript";
import { expect, it } from "vitest";

const files = import.meta.glob<string>("./**/*.tsx", { query: "?raw", import: "default", eager: true });
const calls = import.meta.glob<string>(["./**/*.ts", "!./**/*.test.ts", "!./**/*.d.ts"], { query: "?raw", import: "default", eager: true });

/** The keys that an element among others may have, as they are written: also behind a condition. */
function keysOf(node: ts.Node): string[] {
  if (ts.isJsxElement(node)) return keysOf(node.openingElement);
  if (ts.isJsxSelfClosingElement(node) || ts.isJsxOpeningElement(node)) {
    return node.attributes.properties.flatMap((one) => (ts.isJsxAttribute(one) && one.name.getText() === "key" && one.initializer ? [one.initializer.getText()] : []));
  }
  if (ts.isJsxExpression(node)) return node.expression ? keysOf(node.expression) : [];
  if (ts.isParenthesizedExpression(node)) return keysOf(node.expression);
  if (ts.isConditionalExpression(node)) return [...new Set([...keysOf(node.whenTrue), ...keysOf(node.whenFalse)])];
  if (ts.isBinaryExpression(node)) return keysOf(node.right);
  return [];
}

function twins(name: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isJsxElement(node) || ts.isJsxFragment(node)) {
      const keys = node.children.flatMap(keysOf);
      for (const key of new Set(keys)) if (keys.filter((one) => one === key).length > 1) found.push(`${name}: ${key}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
  return found;
}

// React takes two neighbours of one key for one. When the key changes, the one stays on the page for good, and goes on asking for its figures.
it("gives no two neighbours one key", () => {
  expect(twins("a.tsx", "<p>{a ? <A key={b.id} /> : null}<i /><B key={b.id} /></p>")).toEqual(["a.tsx: {b.id}"]);
  expect(Object.entries(files).length).toBeGreaterThan(100);
  expect(Object.entries(files).flatMap(([name, text]) => twins(name, text))).toEqual([]);
});

// zsh, which Macs have, takes an unquoted ? for a pattern and runs nothing.
it("quotes addresses with a query in calls to copy", () => {
  const bare = (text: string) => text.match(/\bcurl\s(?:(?![|;`])[^\n])*?(?<=\s)\$(?:URL|\{\w+\}|\{window\.location\.origin\})[^"'\s]*\?/gu) ?? [];
  for (const call of ["curl $URL/v1/usage?a=b -H", "curl -s $URL/v1/usage?a=b", "curl -X DELETE $URL/v1/alert-mutes?kind=usage", "curl ${url}/v1/usage?a=b"]) expect(bare(call), call).toHaveLength(1);
  for (const call of ['curl "$URL/v1/usage?a=b" -H', 'curl -s -X POST $URL/v1/prompts -d \'{"question": "who?"}\'']) expect(bare(call), call).toEqual([]);
  expect(Object.entries({ ...files, ...calls }).flatMap(([name, text]) => bare(text).map((one) => `${name}: ${one}`))).toEqual([]);
});
