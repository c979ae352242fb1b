import { useRef } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/account";
import { Bar } from "../ui/Bar";
import { useFocusKept } from "../ui/useFocusKept";
import css from "./AccountPage.module.css";
import { Authenticator } from "./Authenticator";
import { Passkeys } from "./Passkeys";
import { Password } from "./Password";
import { Profile } from "./Profile";
import { RecoveryCodes } from "./RecoveryCodes";
import { RequiredFactors } from "./RequiredFactors";
import { Sessions } from "./Sessions";
import { SignOn } from "./SignOn";
import { Tokens } from "./Tokens";

/** What is one's own to set: what one says of oneself, how and where one signs in. Each section is a component by itself, in this order. */
export function AccountPage({ me, admin }: { me: number; admin: boolean }) {
  const { t } = useTranslation("account");
  const page = useRef<HTMLElement>(null);
  useFocusKept(page);
  return (
    <>
      <Bar title={t("title")} />
      <main ref={page} className={css.page}>
        <Profile me={me} />
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
