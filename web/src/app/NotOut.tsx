import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { useSignOut } from "../session/api";
import { Button } from "../ui/Button";
import { ProblemNote, within } from "../ui/ProblemNote";
import css from "./Shell.module.css";

/** Says that signing out failed: whoever believes to be out leaves the computer to others. */
export function NotOut() {
  const { t } = useTranslation(["shell", "ui"]);
  const [signOut, { error, reset }] = useSignOut();
  return (
    error && (
      <div className={css.notOut}>
        <ProblemNote
          problem={within(t("account.notOut"), error as Problem)}
          action={
            <>
              <Button onClick={() => signOut()}>{t("ui:tryAgain")}</Button>
              <Button onClick={reset}>{t("ui:close")}</Button>
            </>
          }
        />
      </div>
    )
  );
}
