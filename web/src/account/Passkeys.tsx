import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Passkey, useFactorsQuery } from "../factors/api";
import { hasPasskeys } from "../factors/webauthn";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { SureDialog } from "../ui/SureDialog";
import { day } from "../ui/time";
import { useRemovePasskeyMutation } from "./api";
import css from "./Lines.module.css";
import { PasskeyDialog } from "./PasskeyDialog";
import { Section } from "./Section";
import { State } from "./State";

/** The passkeys that sign one in, by the names that they were given. */
export function Passkeys() {
  const { t } = useTranslation("account");
  const { data: factors } = useFactorsQuery();
  const [adding, setAdding] = useState(false);
  const [going, setGoing] = useState<Passkey | null>(null);
  const [remove, { isLoading, error, reset }] = useRemovePasskeyMutation();
  const passkeys = factors?.passkeys ?? [];
  const close = () => {
    setGoing(null);
    reset();
  };
  return (
    <Section
      title={t("passkeys.title")}
      words={t("passkeys.words")}
      state={
        factors &&
        passkeys.length === 0 && <State is="none">{t(hasPasskeys() ? "passkeys.none" : "passkeys.unable")}</State>
      }
      action={factors && hasPasskeys() && <Button onClick={() => setAdding(true)}>{t("passkeys.add")}</Button>}
    >
      {passkeys.length > 0 && (
        <ul className={css.lines} aria-label={t("passkeys.title")}>
          {passkeys.map((passkey) => (
            <li key={passkey.id} className={css.line}>
              <Icon name="key" size={20} className={css.icon} />
              <div className={css.what}>
                <b>{passkey.name}</b>
                <p>
                  {t("passkeys.since", { day: day(passkey.created_at) })}
                  {" · "}
                  {passkey.used_at ? t("passkeys.used", { day: day(passkey.used_at) }) : t("passkeys.unused")}
                </p>
              </div>
              <Button onClick={() => setGoing(passkey)} aria-label={t("passkeys.removeNamed", { name: passkey.name })}>
                {t("passkeys.remove")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {adding && <PasskeyDialog onClose={() => setAdding(false)} />}
      {going && (
        <SureDialog
          title={t("passkeys.removeTitle", { name: going.name })}
          words={t("passkeys.removeWords")}
          go={t("passkeys.remove")}
          busy={isLoading}
          problem={error as Problem | undefined}
          onGo={async () => {
            if (!(await remove(going.id)).error) {
              close();
            }
          }}
          onClose={close}
        />
      )}
    </Section>
  );
}
