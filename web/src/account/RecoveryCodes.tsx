import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { hasFactor, useFactorsQuery } from "../factors/api";
import type { Problem } from "../http/request";
import { SureDialog } from "../ui/SureDialog";
import { useMakeCodesMutation } from "./api";
import { CodesDialog } from "./CodesDialog";
import { Section } from "./Section";
import { State } from "./State";

/** Below so many one is told to make new ones. */
const FEW = 3;

/** How many recovery codes are left; a new set takes the place of the old. There are none without a factor. */
export function RecoveryCodes() {
  const { t } = useTranslation("account");
  const { data: factors } = useFactorsQuery();
  const [asking, setAsking] = useState(false);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [make, { isLoading, error, reset }] = useMakeCodesMutation();
  const left = factors?.recovery_codes_left ?? 0;
  const close = () => {
    setAsking(false);
    reset();
  };

  if (!factors || !hasFactor(factors)) {
    return null;
  }
  return (
    <Section
      title={t("codes.title")}
      words={t("codes.words")}
      state={<State is={left > FEW ? "good" : "bad"}>{t("codes.left", { count: left })}</State>}
      action={<Button onClick={() => setAsking(true)}>{t("codes.renew")}</Button>}
    >
      {asking && (
        <SureDialog
          title={t("codes.renewTitle")}
          words={t("codes.renewWords")}
          go={t("codes.renew")}
          busy={isLoading}
          problem={error as Problem | undefined}
          onGo={async () => {
            const { data } = await make();
            if (data) {
              setCodes(data.recovery_codes);
              close();
            }
          }}
          onClose={close}
        />
      )}
      {codes && <CodesDialog codes={codes} onClose={() => setCodes(null)} />}
    </Section>
  );
}
