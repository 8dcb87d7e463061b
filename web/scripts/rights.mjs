// What each role may, area by area, out of the API's description: src/pages/team/rights.json. `npm run gen` calls it.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Tags whose routes are another area's in another format, as access/scopes.py of the gateway says. */
const AREA_OF_TAG = { openai: "executions" };
/** Stated by routes that belong to nobody's role: whoever comes, or whoever is signed in, for themselves. */
const OF_NO_ROLE = new Set(["anyone", "person"]);

/** `{ area: [[role, "read" | "act", what], …] }` in the order of the description. */
export function rightsOf(openapi) {
  const areas = {};
  for (const operations of Object.values(openapi.paths)) {
    for (const operation of Object.values(operations)) {
      const role = operation["x-burnish-role"];
      if (!role || OF_NO_ROLE.has(role)) continue;
      const [tag] = operation.tags;
      const verb = operation["x-burnish-scope"]?.endsWith(":read") ? "read" : "act";
      (areas[AREA_OF_TAG[tag] ?? tag] ??= []).push([role, verb, operation.summary]);
    }
  }
  return Object.fromEntries(Object.entries(areas).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function written(openapi) {
  const areas = Object.entries(rightsOf(openapi)).map(([area, rights]) => `  ${JSON.stringify(area)}: [\n${rights.map((one) => `    ${JSON.stringify(one)}`).join(",\n")}\n  ]`);
  return `{\n${areas.join(",\n")}\n}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync("src/pages/team/rights.json", written(JSON.parse(readFileSync("../docs/reference/openapi.json", "utf8"))));
}
