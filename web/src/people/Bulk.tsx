import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Choice } from "../forms/Choice";
import { isNew, type useActs } from "./acts";
import type { Person, Team } from "./api";
import css from "./PeopleList.module.css";
import { options } from "./tree";

interface Props {
  people: Person[];
  teams: Team[];
  acts: ReturnType<typeof useActs>;
  /** They are not selected any more. */
  onDone: () => void;
}

/** What to do with those who are selected. Each act can be taken back. */
export function Bulk({ people, teams, acts, onDone }: Props) {
  const { t } = useTranslation("people");
  const [into, setInto] = useState("");
  const [busy, setBusy] = useState(false);
  const active = people.filter(({ deactivated_at }) => !deactivated_at);
  const out = people.filter(({ deactivated_at }) => deactivated_at);
  const team = teams.find(({ id }) => String(id) === into);

  async function doing(act: Promise<boolean>) {
    setBusy(true);
    const done = await act;
    setBusy(false);
    if (done) {
      onDone();
    }
  }

  return (
    <div className={css.bulk} role="group" aria-label={t("selected", { count: people.length })}>
      <b>{t("selected", { count: people.length })}</b>
      {active.length > 0 && (
        <>
          <Choice
            className={css.into}
            label={t("moveTo")}
            value={into}
            options={[["", t("choose")], ...options(teams)]}
            onChoose={setInto}
          />
          <Button disabled={busy || !team} onClick={() => team && doing(acts.moveTo(active, team))}>
            {t("move")}
          </Button>
          {people.some(isNew) && (
            <Button disabled={busy} onClick={() => doing(acts.invite(people.filter(isNew)))}>
              {t("invite")}
            </Button>
          )}
          <Button color="error" disabled={busy} onClick={() => doing(acts.letOut(active))}>
            {t("deactivate")}
          </Button>
        </>
      )}
      {out.length > 0 && (
        <Button disabled={busy} onClick={() => doing(acts.letIn(out))}>
          {t("reactivate")}
        </Button>
      )}
      <Button variant="text" onClick={onDone}>
        {t("clear")}
      </Button>
    </div>
  );
}
