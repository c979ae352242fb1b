import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { compressed } from "./compressed.ts";

/** Tests of pages first, those of pure functions after them: a worker takes the next file if it needs a page as the one before did. */
class Alike extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const ofPages = ({ moduleId }: TestSpecification) => Number(moduleId.endsWith("x"));
    return (await super.sort(files)).sort((one, other) => ofPages(other) - ofPages(one));
  }
}

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
    // A worker keeps its modules from file to file: to load them anew for each took half of the time. `setup.ts` leaves the page as it was.
    isolate: false,
    sequence: { sequencer: Alike },
    env: { TZ: "Europe/Warsaw" },
    restoreMocks: true,
    unstubGlobals: true,
  },
});
