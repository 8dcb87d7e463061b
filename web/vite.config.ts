import { readFileSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The gateway serves the page below /app/ and puts a fresh nonce where the placeholder stands, for each request.
const gateway = process.env.BURNISH_URL ?? "http://127.0.0.1:18000";

// What every page needs travels as two files: each small one costs a request (a browser has six of them at once), its headers and a worse
// compression.
// Of what the frame is made of: what no entry needs, and every page.
const NOT_AT_ONCE = "(query-core|react-query)/build/modern/(queriesObserver|infiniteQueryObserver|mutationObserver|useQueries|useInfiniteQuery|useMutation|useIsFetching)\\.|react-router/dist/esm/useBlocker\\.";
const FRAME = new RegExp(`^(?!.*@tanstack/(?:${NOT_AT_ONCE})).*node_modules/(react|react-dom|scheduler|@tanstack|openapi-fetch|use-sync-external-store)/`);
// All but what the entry itself needs (the session, and what toasts there are), which would draw the whole kit into it.
const ENTRYS_OWN = "address-texts|session|client|errors|unsaved|later|search|theme|nonce";
// How a template is read and filled: for the pages that write and try one.
const OF_TEMPLATES = "template|given-messages|values|variables-apart|attached|bytes|pieces";
// What versions are compared by, and what people write about them: for a few pages each.
const DIFF = "src/kit/(?:Diff|DiffSides|diff-parts)\\.";
const COMMENTS = "src/kit/comments/";
const KIT = new RegExp(`^(?!.*(?:${DIFF}|${COMMENTS})).*(?:@tanstack/(?:${NOT_AT_ONCE})|node_modules/lucide-react/|src/(api|lib)/(?!${ENTRYS_OWN}|${OF_TEMPLATES}|course|lines|forecast)|src/(kit|shell)/(?!editor|float/|execution/|candidate/|Palette|Toast\\.|Elsewhere|Waits|diff-lines))`);
// What lies over the page comes later (src/kit/floats.ts).
const FLOAT = /node_modules\/(@radix-ui|radix-ui|cmdk|react-remove-scroll|react-remove-scroll-bar|react-style-singleton|aria-hidden|tslib|use-sidecar|use-callback-ref)\/|src\/kit\/float\//;

const TESTS = readdirSync(new URL("./src", import.meta.url), { recursive: true, encoding: "utf8" }).filter((name) => /\.test\.tsx?$/.test(name));
// What replaces a module needs a process of its own: others have it loaded already. All others share theirs, which takes a quarter of the time.
const REPLACES_MODULES = TESTS.filter((name) => readFileSync(new URL(`./src/${name}`, import.meta.url), "utf8").includes("vi.mock(")).map((name) => `src/${name}`);

export default defineConfig(({ command }) => ({
  base: "/app/",
  plugins: [react(), tailwindcss()],
  html: command === "build" ? { cspNonce: "__CSP_NONCE__" } : {},
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    // build.py builds beside the folder that a gateway reads, and moves it there when it is whole.
    outDir: process.env.BURNISH_UI_OUT ?? "../services/gateway/burnish_gateway/_ui",
    emptyOutDir: true,
    // `make bench-page` reads from it which chunk belongs to which page; the gateway does not serve it.
    manifest: true,
    // Nothing is inlined: data: URLs and inline styles would need a looser policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: "frame", test: FRAME, priority: 3 },
            { name: "kit", test: KIT, priority: 2 },
            { name: "template", test: new RegExp(`src/lib/(?:${OF_TEMPLATES})`), priority: 1 },
            { name: "diff", test: new RegExp(DIFF), priority: 1 },
            { name: "comments", test: new RegExp(COMMENTS), priority: 1 },
            { name: "float", test: FLOAT, priority: 1 },
          ],
        },
      },
    },
  },
  server: {
    port: Number(process.env.PORT ?? 5173),
    // The host stays as the browser sent it: the gateway compares it with where a change comes from.
    proxy: { "/v1": { target: gateway, changeOrigin: false }, "/healthz": { target: gateway, changeOrigin: false } },
  },
  test: {
    environment: "happy-dom",
    restoreMocks: true,
    // A machine that others use takes three times as long; what hangs hangs longer than this.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // One less is vitest's own choice, which on two cores leaves one of them idle.
    maxWorkers: availableParallelism(),
    setupFiles: ["src/setup-tests.ts"],
    projects: [
      { extends: true, test: { name: "together", include: ["src/**/*.test.{ts,tsx}"], exclude: REPLACES_MODULES, isolate: false } },
      { extends: true, test: { name: "alone", include: REPLACES_MODULES } },
    ],
  },
}));
