import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFactorsQuery, useWaysQuery } from "../factors/api";
import { useLeave, useSaidOnReturn } from "../factors/signOn";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { SureDialog } from "../ui/SureDialog";
import { day } from "../ui/time";
import { useDisconnectMutation } from "./api";
import { Section } from "./Section";
import { State } from "./State";

/** Who one is at the organisation's provider: connected here, by who is signed in, and by nobody else. Not there without a provider. */
export function SignOn() {
  const { t } = useTranslation("account");
  const { data: ways } = useWaysQuery();
  const { data: factors } = useFactorsQuery();
  const { said } = useSaidOnReturn();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [going, setGoing] = useState(false);
  const { leave, isLoading } = useLeave("/api/me/identity", setProblem);
  const [disconnect, { isLoading: leaving, error, reset }] = useDisconnectMutation();
  const close = () => {
    setGoing(false);
    reset();
  };
  if (!(ways?.oidc && factors)) {
    return null;
  }
  const name = ways.oidc;
  const since = factors.sign_on_since;
  const why = said === "nobody" || said === "known" ? "refused" : said; // those are of a sign-in, not of an account
  const other = factors.password || factors.passkeys.length > 0;
  return (
    <Section
      title={t("signOn.title", { name })}
      words={t("signOn.words", { name })}
      state={
        <State is={since ? "good" : "none"}>
          {since ? t("signOn.since", { day: day(since) }) : t("signOn.none")}
          {since && !other && ` ${t("signOn.only")}`}
        </State>
      }
      action={
        since ? (
          other && <Button onClick={() => setGoing(true)}>{t("signOn.disconnect")}</Button>
        ) : (
          <Button onClick={leave} disabled={isLoading}>
            {t("signOn.connect")}
          </Button>
        )
      }
    >
      {problem && <ProblemNote problem={problem.status === 503 ? { ...problem, title: t("signOn.away") } : problem} />}
      {why && why !== "connected" && !problem && <ProblemNote problem={{ title: t(`signOn.${why}`) }} />}
      {going && (
        <SureDialog
          title={t("signOn.disconnectTitle", { name })}
          words={t("signOn.disconnectWords")}
          go={t("signOn.disconnect")}
          busy={leaving}
          problem={error as Problem | undefined}
          onGo={async () => {
            if (!(await disconnect()).error) {
              close();
            }
          }}
          onClose={close}
        />
      )}
    </Section>
  );
}
