// Builds dist: `npm run build`, with the TypeScript of web/ (run `make page` first where it is not there). `npm pack` calls it.
//
// Two things have one home, in the page: the template language (three files) and the reader of server-sent events. They are carried over into
// src/carried, with the file names that Node wants in imports. An unpacked source without the page has the copies already.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const CARRIED = ["lib/template.ts", "lib/templateSyntax.ts", "lib/given-messages.ts", "api/sse.ts"];

if (existsSync(here("../../web/src"))) {
  mkdirSync(here("src/carried"), { recursive: true });
  for (const path of CARRIED) {
    const text = readFileSync(here(`../../web/src/${path}`), "utf8").replace(/from "(\.\/[A-Za-z-]+)"/g, 'from "$1.js"');
    writeFileSync(here(`src/carried/${path.split("/")[1]}`), `// Carried over from web/src/${path} by build.mjs; do not edit.\n${text}`);
  }
}

rmSync(here("dist"), { recursive: true, force: true });
const tsc = here("../../web/node_modules/typescript/bin/tsc");
if (!existsSync(tsc)) throw new Error("web/node_modules is not there: run `make page`, which fetches the compiler.");
// Once as modules, and once as CommonJS for what cannot load them: Node before 20.19, Jest, projects that compile to `require`.
const COMMON = ["--module", "CommonJS", "--moduleResolution", "Node10", "--verbatimModuleSyntax", "false", "--outDir", here("dist/cjs")];
for (const options of [[], COMMON]) {
  for (const project of ["tsconfig.json", "tsconfig.node.json"]) {
    const { status } = spawnSync(process.execPath, [tsc, "-p", here(project), ...options], { stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 1);
  }
}
writeFileSync(here("dist/cjs/package.json"), '{ "type": "commonjs", "sideEffects": false }\n');
if (existsSync(here("../../LICENSE"))) copyFileSync(here("../../LICENSE"), here("LICENSE"));
