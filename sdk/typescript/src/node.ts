/** For Node, Deno and Bun: prompts on disk. `new Burnish({ store: diskStore() })`. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { PromptStore } from "./prompts.js";

/** Files readable by their owner alone, one for each prompt asked for. `folder`: else BURNISH_CACHE_DIR, else ~/.cache, and `burnish-ts` in it. */
export function diskStore(folder: string = defaultFolder()): PromptStore {
  const pathOf = (key: string) => join(folder, `${createHash("sha256").update(key).digest("hex").slice(0, 32)}.json`);
  return {
    async get(key) {
      return await readFile(pathOf(key), "utf8").catch(() => null);
    },
    async set(key, text) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const beside = `${pathOf(key)}.${randomUUID()}`;
      await writeFile(beside, text, { mode: 0o600 });
      await rename(beside, pathOf(key));
    },
    async delete(key) {
      await rm(pathOf(key), { force: true });
    },
  };
}

function defaultFolder(): string {
  return join(process.env.BURNISH_CACHE_DIR || process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "burnish-ts");
}
