import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFactorsQuery } from "../factors/api";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { SureDialog } from "../ui/SureDialog";
import { day } from "../ui/time";
import { AuthenticatorDialog } from "./AuthenticatorDialog";
import { useRemoveTotpMutation } from "./api";
import { Section } from "./Section";
import { State } from "./State";

/** The second factor by codes of an app. */
export function Authenticator() {
  const { t } = useTranslation(["account", "ui"]);
  const { data: factors, error, refetch } = useFactorsQuery();
  const [open, setOpen] = useState<"set up" | "remove" | null>(null);
  const [remove, { isLoading, error: kept, reset }] = useRemoveTotpMutation();
  const close = () => {
    setOpen(null);
    reset();
  };
  return (
    <Section
      title={t("totp.title")}
      words={t("totp.words")}
      state={
        factors && (
          <State is={factors.totp_since ? "good" : "none"}>
            {factors.totp_since ? t("totp.since", { day: day(factors.totp_since) }) : t("totp.none")}
          </State>
        )
      }
      action={
        factors &&
        (factors.totp_since ? (
          <Button onClick={() => setOpen("remove")}>{t("totp.remove")}</Button>
        ) : (
          <Button variant="contained" color="primary" onClick={() => setOpen("set up")}>
            {t("totp.setUp")}
          </Button>
        ))
      }
    >
      {error && (
        <ProblemNote problem={error as Problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />
      )}
      {open === "set up" && <AuthenticatorDialog onClose={close} />}
      {open === "remove" && (
        <SureDialog
          title={t("totp.removeTitle")}
          words={t("totp.removeWords")}
          go={t("totp.remove")}
          busy={isLoading}
          problem={kept as Problem | undefined}
          onGo={async () => {
            if (!(await remove()).error) {
              close();
            }
          }}
          onClose={close}
        />
      )}
    </Section>
  );
}
