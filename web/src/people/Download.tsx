import { useTranslation } from "react-i18next";
import { hoursWritten } from "../forms/hours";
import { useNoteExportMutation } from "../http/exports";
import { Download as DownloadButton } from "../ui/Download";
import { type Filter, type Person, type Team, useLazyPeopleAfterQuery } from "./api";
import { pathOf } from "./tree";
import { useRoleWord } from "./useRoleWord";

/** Everybody whom the filter lets through, as a file, which an import takes too. */
export function Download({ filter, teams }: { filter: Filter; teams: Team[] }) {
  const { t } = useTranslation("people");
  const word = useRoleWord();
  const [note] = useNoteExportMutation();
  const [ask] = useLazyPeopleAfterQuery();

  async function* read() {
    const people: Person[] = [];
    await note("people").unwrap();
    let after: string | null = null;
    do {
      yield t("csv.progress", { count: people.length });
      const part: { people: Person[]; after: string | null } = await ask({ filter, after }).unwrap();
      people.push(...part.people);
      after = part.after;
    } while (after !== null);
    const head = (["name", "email", "team", "roles", "zone"] as const).map((name) => t(`column.${name}`));
    return {
      head: [...head, t("hours.title"), t("csv.ways"), t("csv.deactivated")],
      rows: people.map((person) => [
        person.name,
        person.email,
        person.team && pathOf(teams, person.team.id),
        person.roles.map(word).join("; "),
        person.zone,
        person.working_hours && hoursWritten(person.working_hours),
        person.ways.map((way) => t(`ways.${way}`)).join("; "),
        person.deactivated_at,
      ]),
    };
  }

  return <DownloadButton name="people" read={read} />;
}
