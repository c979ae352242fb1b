import { useTranslation } from "react-i18next";
import { PasskeyButton } from "../factors/PasskeyButton";
import type { Problem } from "../http/request";
import { useSignInPasskeyMutation } from "./api";
import css from "./SignInPage.module.css";

/** Both steps at once, by passkey. */
export function PasskeySignIn({ onProblem }: { onProblem: (problem: Problem | null) => void }) {
  const { t } = useTranslation("session");
  const [signIn] = useSignInPasskeyMutation();
  return (
    <PasskeyButton
      className={css.other ?? ""}
      fullWidth
      onProblem={onProblem}
      onAnswer={async (credential) => {
        const { error } = await signIn(credential);
        if (error) {
          const { request_id, ...rest } = error as Problem;
          onProblem(rest.status === 400 ? { ...rest, title: t("passkeyRefused"), detail: "" } : (error as Problem));
        }
      }}
    >
      {t("passkey")}
    </PasskeyButton>
  );
}
