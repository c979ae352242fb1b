import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Smaller than this, a packet carries it either way. */
const WORTH_BYTES = 1024;
const TEXT = /\.(js|css|svg)$/;

/** Writes `.br` and `.gz` beside each asset that is text, once, so that the hub compresses nothing while somebody waits. Fonts are compressed as they are. */
export function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir }) {
      const assets = join(String(dir), "assets");
      for (const name of readdirSync(assets).filter((file) => TEXT.test(file))) {
        const content = readFileSync(join(assets, name));
        if (content.length >= WORTH_BYTES) {
          writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content));
          writeFileSync(join(assets, `${name}.gz`), gzipSync(content, { level: constants.Z_BEST_COMPRESSION }));
        }
      }
    },
  };
}
