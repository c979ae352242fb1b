import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Choice } from "../forms/Choice";
import css from "../forms/Form.module.css";
import type { Problem } from "../http/request";
import { AboutForm } from "../profile/AboutForm";
import { ZonesHeld } from "../profile/ZonesHeld";
import { OfPerson } from "../rights/OfPerson";
import { Beside } from "../ui/Beside";
import { Empty } from "../ui/Empty";
import { ProblemNote } from "../ui/ProblemNote";
import { day } from "../ui/time";
import { Access } from "./Access";
import type { Said, useActs } from "./acts";
import { type Profile, type Team, useChangePersonMutation, usePersonQuery } from "./api";
import { Roles } from "./Roles";
import { Section } from "./Section";
import { options } from "./tree";

interface Props {
  id: number;
  /** Who is signed in. */
  me: number;
  teams: Team[];
  acts: ReturnType<typeof useActs>;
  say: (said: Said) => void;
  onClose: () => void;
}

/** One person as admins see them: what is set for them, and nothing of what they do. */
export function PersonPanel({ id, me, teams, acts, say, onClose }: Props) {
  const { t } = useTranslation(["people", "rights", "ui"]);
  const { currentData: person, error, refetch } = usePersonQuery(id, { refetchOnMountOrArgChange: true });
  const [change] = useChangePersonMutation();
  const problem = error as Problem | undefined;
  const gone = problem?.status === 404;
  return (
    <Beside title={person?.name ?? t(gone ? "title" : "person.loading")} about={person?.email} onClose={onClose}>
      {gone && (
        <Empty icon="people" title={t("person.gone")} action={<Button onClick={onClose}>{t("person.back")}</Button>}>
          {t("person.goneWords")}
        </Empty>
      )}
      {problem && !gone && (
        <ProblemNote problem={problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />
      )}
      {!person && !problem && <div className={css.skeleton} role="status" aria-label={t("person.loading")} />}
      {person && (
        <>
          <AboutForm
            person={person}
            kept={`daylight-person-${me}-${id}`}
            save={async (form) => ((await change({ id, form })).error as Problem | undefined) ?? null}
            onSaved={() => say({ words: t("done.saved") })}
          />
          {!person.deactivated_at && <Home key={person.team?.id ?? "none"} person={person} teams={teams} acts={acts} />}
          <Section title={t("person.roles")}>
            <Roles person={person} teams={teams} say={say} />
          </Section>
          <Access person={person} self={person.id === me} acts={acts} say={say} />
          <Section title={t("rights:person.title")}>
            <OfPerson
              person={id}
              name={person.name}
              self={id === me}
              onErased={() => {
                say({ words: t("rights:mentions.done", { name: person.name }) });
                onClose();
              }}
            />
          </Section>
          {person.stays.length > 0 && (
            <Section title={t("person.history")}>
              <ul className={css.history}>
                {person.stays.map(({ team, since_at, until_at }) => (
                  <li key={since_at}>
                    <span>{team.name}</span>
                    <span>
                      {until_at
                        ? t("person.period", { from: day(since_at), to: day(until_at) })
                        : t("person.since", { day: day(since_at) })}
                    </span>
                  </li>
                ))}
              </ul>
            </Section>
          )}
          {person.zones.length > 1 && (
            <Section title={t("person.zones")}>
              <ZonesHeld zones={person.zones} />
            </Section>
          )}
        </>
      )}
    </Beside>
  );
}

function Home({ person, teams, acts }: { person: Profile; teams: Team[]; acts: Props["acts"] }) {
  const { t } = useTranslation("people");
  const now = person.team ? String(person.team.id) : "";
  const [into, setInto] = useState(now);
  const team = teams.find(({ id }) => String(id) === into);
  return (
    <Section title={t("person.home")}>
      <div className={css.line}>
        <Choice
          className={css.choice}
          label={t("person.home")}
          value={into}
          options={[...(now === "" ? [["", t("noTeam")] as const] : []), ...options(teams)]}
          onChoose={setInto}
        />
        <Button disabled={into === now || !team} onClick={() => team && acts.moveTo([person], team)}>
          {t("move")}
        </Button>
      </div>
      <p className={css.note}>{t("person.homeHint")}</p>
    </Section>
  );
}
