import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { compressed } from "./compressed.ts";

export default defineConfig({
  base: "/",
  plugins: [react(), compressed()],
  build: {
    target: "es2022",
    // A strict Content-Security-Policy allows neither inline scripts nor data: fonts.
    // Bundled by hash: the hub serves /assets as immutable.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // What the first picture needs, in one file: many small ones compress worse. tests/web/test_bundle.py holds how much that is.
        codeSplitting: { groups: [{ name: "first", tags: ["$initial"] }] },
      },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000", "/live": { target: "ws://127.0.0.1:8000", ws: true } } },
  test: {
    environment: "jsdom",
    setupFiles: ["src/testing/setup.ts"],
    // Seconds on a machine to itself; a busy one may be given longer.
    testTimeout: 120_000,
    // All cores: one would be left idle.
    maxWorkers: "100%",
    restoreMocks: true,
    unstubGlobals: true,
  },
});
