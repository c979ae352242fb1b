import { useTranslation } from "react-i18next";
import { useNoteExportMutation } from "../http/exports";
import { Download as DownloadButton } from "../ui/Download";
import { type Entry, type Filter, useLazyAuditBeforeQuery } from "./api";
import { detailsSaid, nameOf, said } from "./said";

/** All that the filter lets through, as a file. */
export function Download({ filter }: { filter: Filter }) {
  const { t } = useTranslation("audit");
  const [note] = useNoteExportMutation();
  const [ask] = useLazyAuditBeforeQuery();

  async function* read() {
    const entries: Entry[] = [];
    await note("audit").unwrap();
    for (let before: number | null = null, more = true; more; before = entries.at(-1)?.id ?? null) {
      const part: { entries: Entry[]; more: boolean } = await ask({ filter, before }).unwrap();
      entries.push(...part.entries);
      more = part.more && part.entries.length > 0;
      yield t("csv.progress", { count: entries.length });
    }
    const head = ["at", "act", "name", "by", "program", "about", "team", "details", "place"] as const;
    return {
      head: head.map((column) => t(`csv.${column}`)),
      rows: entries.map(({ at, act, by, client, about, team, detail, place }) => [
        at,
        said("act", act),
        act,
        by && nameOf(by),
        client && nameOf(client),
        about && nameOf(about),
        team && nameOf(team),
        detailsSaid(detail)
          .map(([name, value]) => (value === "" ? name : `${name}: ${value}`))
          .join("; "),
        place,
      ]),
    };
  }

  return <DownloadButton name="audit" read={read} />;
}
