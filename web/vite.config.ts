import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The gateway serves the page below /app/ and puts a fresh nonce where the placeholder stands, for each request.
const gateway = process.env.BURNISH_URL ?? "http://127.0.0.1:18000";

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
  },
  server: {
    port: Number(process.env.PORT ?? 5173),
    // The host stays as the browser sent it: the gateway compares it with where a change comes from.
    proxy: { "/v1": { target: gateway, changeOrigin: false }, "/healthz": { target: gateway, changeOrigin: false } },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
}));
