import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import "../i18n/en/account";
import { hasFactor, useFactorsQuery } from "../factors/api";
import { Bar } from "../ui/Bar";
import css from "./AccountPage.module.css";
import { Authenticator } from "./Authenticator";
import own from "./FactorFirst.module.css";
import { Passkeys } from "./Passkeys";
import { RecoveryCodes } from "./RecoveryCodes";

/** In place of every page, for who must set up a second factor before anything else is answered. */
export function FactorFirst({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation("account");
  const { data: factors } = useFactorsQuery();
  const done = factors !== undefined && hasFactor(factors);
  return (
    <>
      <Bar title={t("first.title")} />
      <main className={css.page}>
        <div className={own.said} role="status">
          <p>{t(done ? "first.done" : "first.words")}</p>
          {done && (
            <Button variant="contained" color="primary" onClick={onDone}>
              {t("first.go")}
            </Button>
          )}
        </div>
        <Authenticator />
        <Passkeys />
        <RecoveryCodes />
      </main>
    </>
  );
}
