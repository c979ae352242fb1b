import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import css from "../forms/Form.module.css";
import type { Problem } from "../http/request";
import { SureDialog } from "../ui/SureDialog";
import { day, list } from "../ui/time";
import { isNew, type Said, type useActs } from "./acts";
import { type Profile, useEndSessionsMutation, useResetFactorsMutation } from "./api";
import { LinkOf } from "./LinkOf";
import { Section } from "./Section";

interface Props {
  person: Profile;
  /** It is who is signed in here. */
  self: boolean;
  acts: ReturnType<typeof useActs>;
  say: (said: Said) => void;
}

/** How somebody comes in, and how that ends. */
export function Access({ person, self, acts, say }: Props) {
  const { t } = useTranslation("people");
  const [busy, setBusy] = useState(false);
  async function doing(act: Promise<unknown>) {
    setBusy(true);
    await act;
    setBusy(false);
  }
  if (person.deactivated_at) {
    return (
      <Section title={t("person.access")}>
        <p className={css.note}>{t("person.out", { day: day(person.deactivated_at) })}</p>
        <div className={css.actions}>
          <Button disabled={busy} onClick={() => doing(acts.letIn([person]))}>
            {t("reactivate")}
          </Button>
        </div>
      </Section>
    );
  }
  return (
    <Section title={t("person.access")}>
      {self && (
        <p className={css.note}>
          {t("person.self")} <Link to="/account">{t("person.account")}</Link>
        </p>
      )}
      {!self && person.simulated && <p className={css.note}>{t("person.simulated")}</p>}
      {!self && !person.simulated && (
        <>
          <p className={css.note}>
            {isNew(person)
              ? t("person.canNot")
              : t("person.canSignIn", { ways: list(person.ways.map((way) => t(`ways.${way}`))) })}
          </p>
          <LinkOf person={person} say={say} />
          <Endings person={person} say={say} />
        </>
      )}
      <div className={css.actions}>
        <Button color="error" disabled={busy} onClick={() => doing(acts.letOut([person]))}>
          {t("deactivate")}
        </Button>
      </div>
      <p className={css.note}>{t("person.deactivateWords")}</p>
    </Section>
  );
}

/** What can't be taken back, and asks once more: the end of all sessions, and of a second factor that is lost. */
function Endings({ person, say }: Pick<Props, "person" | "say">) {
  const { t } = useTranslation("people");
  const [sure, setSure] = useState<"signOut" | "reset" | null>(null);
  const [end, ending] = useEndSessionsMutation();
  const [reset, resetting] = useResetFactorsMutation();
  const [problem, setProblem] = useState<Problem>();
  const { id, name, sessions } = person;
  const close = () => {
    setSure(null);
    setProblem(undefined);
  };
  async function go() {
    const { error } = await (sure === "reset" ? reset(id) : end(id));
    if (error) {
      setProblem(error as Problem);
    } else {
      close();
      say({ words: t(sure === "reset" ? "done.reset" : "done.signedOut", { name }) });
    }
  }
  return (
    <>
      <p className={css.note}>
        {sessions === 0 ? t("person.nowhere") : t("person.sessions", { count: sessions })}{" "}
        {t(person.second_factor ? "person.factor" : "person.noFactor")}
      </p>
      {(sessions > 0 || person.second_factor) && (
        <div className={css.actions}>
          {sessions > 0 && <Button onClick={() => setSure("signOut")}>{t("signOut.go")}</Button>}
          {person.second_factor && <Button onClick={() => setSure("reset")}>{t("reset.go")}</Button>}
        </div>
      )}
      {sure && (
        <SureDialog
          title={t(`${sure}.title`, { name })}
          words={t(`${sure}.words`)}
          go={t(`${sure}.go`)}
          busy={ending.isLoading || resetting.isLoading}
          problem={problem}
          onGo={go}
          onClose={close}
        />
      )}
    </>
  );
}
