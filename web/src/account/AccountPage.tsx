import { useTranslation } from "react-i18next";
import "../i18n/en/account";
import { Bar } from "../ui/Bar";
import css from "./AccountPage.module.css";
import { Authenticator } from "./Authenticator";
import { Passkeys } from "./Passkeys";
import { Password } from "./Password";
import { RecoveryCodes } from "./RecoveryCodes";
import { RequiredFactors } from "./RequiredFactors";
import { Sessions } from "./Sessions";
import { SignOn } from "./SignOn";
import { Tokens } from "./Tokens";

/** What is one's own to set: how and where one signs in. Each section is a component by itself, in this order. */
export function AccountPage({ admin }: { admin: boolean }) {
  const { t } = useTranslation("account");
  return (
    <>
      <Bar title={t("title")} />
      <main className={css.page}>
        <Authenticator />
        <Passkeys />
        <RecoveryCodes />
        <Password />
        <SignOn />
        <Sessions />
        <Tokens />
        {admin && <RequiredFactors />}
      </main>
    </>
  );
}
