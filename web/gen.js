// Writes src/wire.gen.ts from ../docs/schema/viewer.json, which the hub publishes from its structs.
// `--check` writes nothing and exits 1 when the file is not what the schema gives. Needs no network.
import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const schemaFile = new URL("../docs/schema/viewer.json", import.meta.url);
const typesFile = new URL("src/wire.gen.ts", import.meta.url);

const { $defs, ...rest } = JSON.parse(readFileSync(schemaFile, "utf8"));
const definitions = $defs ?? rest.components?.schemas;
if (!definitions) {
  throw new Error(`${schemaFile.pathname} holds no definitions`);
}
for (const definition of Object.values(definitions)) {
  // A title in a property would be taken for a type's name; `discriminator` is OpenAPI's and says nothing that `t` does not.
  for (const property of Object.values(definition.properties ?? {})) {
    delete property.title;
  }
}
const compiled = await compile(
  { $defs: definitions, title: "WireSchema", type: "object", additionalProperties: false },
  "",
  {
    unreachableDefinitions: true,
    additionalProperties: false,
    bannerComment: "/* Generated from docs/schema/viewer.json by `npm run gen`. Do not edit. */",
    format: true,
    style: { printWidth: 120 },
  },
);

// The generator says of each type that the root refers to it; the root is only our vessel.
const types = compiled
  .replaceAll(
    /( \*\n)? \* This interface was referenced by `WireSchema`'s JSON-Schema\n \* via the `definition` "\w+"\.\n/g,
    "",
  )
  .replaceAll("/**\n */\n", "")
  .replace("export interface WireSchema {}\n", "");

if (process.argv.includes("--check")) {
  if (readFileSync(typesFile, "utf8") !== types) {
    process.stderr.write("src/wire.gen.ts differs from docs/schema/viewer.json: run `npm run gen`\n");
    process.exit(1);
  }
} else {
  writeFileSync(typesFile, types);
}
