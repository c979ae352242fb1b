/** Tables as XLSX: a workbook of one sheet (ECMA-376), its head held in place, in a zip whose parts are stored as they are. Pure. */
import type { Cell } from "./csv";

const KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const PART = "application/vnd.openxmlformats-officedocument.spreadsheetml";

const FRAME: [string, string][] = [
  [
    "[Content_Types].xml",
    `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${PART}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${PART}.worksheet+xml"/></Types>`,
  ],
  ["_rels/.rels", related("officeDocument", "xl/workbook.xml")],
  [
    "xl/workbook.xml",
    `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><bookViews><workbookView/></bookViews><sheets><sheet name="Daylight" sheetId="1" r:id="r1"/></sheets></workbook>`,
  ],
  ["xl/_rels/workbook.xml.rels", related("worksheet", "worksheets/sheet1.xml")],
];

export function xlsxOf(head: string[], rows: Cell[][]): Blob {
  const data = [head, ...rows].map((row) => `<row>${row.map(cell).join("")}</row>`).join("");
  const held =
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>';
  const sheet = `<worksheet xmlns="${MAIN}">${held}<sheetData>${data}</sheetData></worksheet>`;
  return new Blob(zip([...FRAME, ["xl/worksheets/sheet1.xml", sheet]]), { type: KIND });
}

function related(type: string, target: string): string {
  return `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="r1" Type="${OFFICE}/${type}" Target="${target}"/></Relationships>`;
}

/** Texts are texts here: none is taken for a formula. */
function cell(value: Cell): string {
  if (typeof value === "number") {
    return `<c><v>${value}</v></c>`;
  }
  return value ? `<c t="inlineStr"><is><t xml:space="preserve">${escaped(value)}</t></is></c>` : "<c/>";
}

/** XML 1.0 has no characters below a space but these three, and no halves of one. */
function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\u{fffd}");
}

/** Parts one after the other, then the directory of them (PKWARE's APPNOTE, 4.3). */
function zip(parts: [string, string][]): BlobPart[] {
  const encoder = new TextEncoder();
  const bodies: BlobPart[] = [];
  const directory: BlobPart[] = [];
  let [offset, length] = [0, 0];
  for (const [name, text] of parts) {
    const path = encoder.encode(name);
    const body = encoder.encode(HEAD + text);
    // Version, names in UTF-8, stored, a time that is none, checksum, sizes, lengths of the name and of nothing more.
    const about = bytes(
      [2, 20],
      [2, 0x800],
      [2, 0],
      [2, 0],
      [2, 0x21],
      [4, checksum(body)],
      [4, body.length],
      [4, body.length],
      [2, path.length],
      [2, 0],
    );
    bodies.push(bytes([4, 0x04034b50]), about, path, body);
    directory.push(bytes([4, 0x02014b50], [2, 20]), about, bytes([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), path);
    offset += 30 + path.length + body.length;
    length += 46 + path.length;
  }
  const count = parts.length;
  const end = bytes([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, length], [4, offset], [2, 0]);
  return [...bodies, ...directory, end];
}

/** Numbers of so many bytes each, the least significant first. */
function bytes(...fields: [size: 2 | 4, value: number][]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    fields.flatMap(([size, value]) => Array.from({ length: size }, (_, at) => value >>> (8 * at))),
  );
}

/** CRC-32 (ISO 3309). */
function checksum(data: Uint8Array): number {
  let crc = -1;
  for (const byte of data) {
    crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) {
    crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return crc;
});
