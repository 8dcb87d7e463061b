// Writes .br and .gz beside each text file of the build, so that the gateway compresses nothing while it serves.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = process.env.BURNISH_UI_OUT ?? new URL("../../services/gateway/burnish_gateway/_ui/", import.meta.url).pathname;
const least_bytes = 512;

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

for (const path of files(root)) {
  // index.html gets its nonce for each request: a compressed copy of it could not be served.
  if (!/\.(js|css|svg|json|webmanifest)$/.test(path)) continue;
  const raw = readFileSync(path);
  if (raw.length < least_bytes) continue;
  writeFileSync(`${path}.gz`, gzipSync(raw, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}
