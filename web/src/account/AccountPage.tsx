import { useTranslation } from "react-i18next";
import "../i18n/en/account";
import { Bar } from "../ui/Bar";
import css from "./AccountPage.module.css";
import { Authenticator } from "./Authenticator";
import { Password } from "./Password";
import { RecoveryCodes } from "./RecoveryCodes";

/** What is one's own to set: how one signs in. Each section is a component by itself, in this order. */
export function AccountPage() {
  const { t } = useTranslation("account");
  return (
    <>
      <Bar title={t("title")} />
      <main className={css.page}>
        <Authenticator />
        <RecoveryCodes />
        <Password />
      </main>
    </>
  );
}
