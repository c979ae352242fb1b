import Button from "@mui/material/Button";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { csvOf, save } from "../ui/csv";
import { Icon } from "../ui/Icon";
import { ProblemNote, within } from "../ui/ProblemNote";
import { type Filter, type Person, useLazyPeopleAfterQuery } from "./api";
import css from "./PeopleList.module.css";
import { useRoleWord } from "./useRoleWord";

/** Everybody whom the filter lets through, as CSV. */
export function Download({ filter }: { filter: Filter }) {
  const { t } = useTranslation(["people", "ui"]);
  const word = useRoleWord();
  const [ask] = useLazyPeopleAfterQuery();
  const [read, setRead] = useState<number | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const cancelled = useRef(false);

  async function download() {
    cancelled.current = false;
    setProblem(null);
    const people: Person[] = [];
    let after: string | null = null;
    do {
      setRead(people.length);
      const answer: { data?: { people: Person[]; after: string | null } | undefined; error?: unknown } = await ask({
        filter,
        after,
      });
      if (cancelled.current || !answer.data) {
        setProblem(cancelled.current ? null : (answer.error as Problem));
        setRead(null);
        return;
      }
      people.push(...answer.data.people);
      after = answer.data.after;
    } while (after !== null);
    setRead(null);
    const head = (["name", "email", "team", "roles", "zone"] as const).map((name) => t(`column.${name}`));
    save(
      csvOf(
        [...head, t("csv.password"), t("csv.deactivated")],
        people.map((person) => [
          person.name,
          person.email,
          person.team?.name,
          person.roles.map(word).join("; "),
          person.zone,
          t(person.password ? "csv.yes" : "csv.no"),
          person.deactivated_at,
        ]),
      ),
      "people.csv",
    );
  }

  if (read !== null) {
    return (
      <span className={css.progress}>
        <span role="status">{t("csv.progress", { count: read })}</span>
        <Button
          onClick={() => {
            cancelled.current = true;
          }}
        >
          {t("csv.cancel")}
        </Button>
      </span>
    );
  }
  return (
    <>
      <Button startIcon={<Icon name="download" />} onClick={download}>
        {t("csv.download")}
      </Button>
      {problem && (
        <div className={css.failed}>
          <ProblemNote
            problem={within(t("csv.failed"), problem)}
            action={<Button onClick={download}>{t("ui:tryAgain")}</Button>}
          />
        </div>
      )}
    </>
  );
}
