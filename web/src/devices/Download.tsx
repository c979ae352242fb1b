import { useTranslation } from "react-i18next";
import { useNoteExportMutation } from "../http/exports";
import { Download as DownloadButton } from "../ui/Download";
import { number } from "../ui/time";
import { type Filter, type OwnedDevice, useLazyAllDevicesQuery } from "./api";
import { conditionOf } from "./condition";

/** Everything that the filter lets through, of all pages, as a file. */
export function Download({ filter: { find, state } }: { filter: Filter }) {
  const { t } = useTranslation("devices");
  const [note] = useNoteExportMutation();
  const [ask] = useLazyAllDevicesQuery();

  async function* read() {
    const rows: OwnedDevice[] = [];
    await note("devices").unwrap();
    for (let page = 1, pages = 1; page <= pages; page++) {
      yield t("csv.progress", { page: number(page), pages: number(pages) });
      const data = await ask({ find, state, page }).unwrap();
      rows.push(...data.devices);
      pages = Math.ceil(data.total / data.per_page);
    }
    const now = Date.now();
    const head = [
      "person",
      "device",
      "system",
      "version",
      "condition",
      "lastSeen",
      "unsent",
      "skew",
      "lost",
      "setAside",
      "enrolled",
      "revoked",
    ] as const;
    return {
      head: head.map((column) => t(`csv.${column}`)),
      rows: rows.map((row) => [
        row.person_name,
        row.name,
        row.system,
        row.version,
        t(`csv.is.${conditionOf(row, now)}`),
        row.last_seen_at,
        row.unsent ?? null,
        row.skew_ms ?? null,
        row.lost ?? 0,
        row.set_aside ?? 0,
        row.enrolled_at,
        row.revoked_at,
      ]),
    };
  }

  return <DownloadButton name="devices" read={read} />;
}
