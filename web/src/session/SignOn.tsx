import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import { useWaysQuery } from "../factors/api";
import { type Said, useLeave } from "../factors/signOn";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import css from "./SignInPage.module.css";

/** The way through the organisation's own provider, where there is one: it leads away, and back to this address. */
export function SignOn({ onProblem }: { onProblem: (problem: Problem | null) => void }) {
  const { t } = useTranslation("session");
  const { data } = useWaysQuery();
  const { leave, isLoading } = useLeave("/api/sign-on", (problem) =>
    onProblem(problem?.status === 503 ? { ...problem, title: t("signOn.away"), detail: "" } : problem),
  );
  return data?.oidc ? (
    <Button
      className={css.other ?? ""}
      fullWidth
      onClick={leave}
      disabled={isLoading}
      startIcon={<Icon name="people" />}
    >
      {t("signOn.with", { name: data.oidc })}
    </Button>
  ) : null;
}

/** Why somebody who went to the provider is not in. */
export function NotIn({ said }: { said: Exclude<Said, "connected"> }) {
  const { t } = useTranslation("session");
  return (
    <div className={css.problem}>
      <ProblemNote problem={{ title: t("signOn.failed"), detail: t(`signOn.${said}`) }} />
    </div>
  );
}
