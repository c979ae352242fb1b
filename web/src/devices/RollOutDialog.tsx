import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Command } from "../enrol/Command";
import type { Problem } from "../http/request";
import css from "../ui/Dialog.module.css";
import { ProblemNote } from "../ui/ProblemNote";
import { SureDialog } from "../ui/SureDialog";
import { day } from "../ui/time";
import { type NewRollOut, type RollOut, useRollOutsQuery, useWithdrawRollOutMutation } from "./api";
import own from "./RollOutDialog.module.css";
import { RollOutForm } from "./RollOutForm";

const REFRESH_MS = 5_000;

/** Codes for many computers at once: those that serve still, and a new one. Whose a computer is its person says. */
export function RollOutDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["devices", "ui"]);
  const title = useId();
  const { data: codes, error } = useRollOutsQuery(undefined, {
    pollingInterval: REFRESH_MS,
    refetchOnMountOrArgChange: true,
  });
  const [made, setMade] = useState<NewRollOut | null>(null);
  const [ending, setEnding] = useState<RollOut | null>(null);
  const [withdraw, { isLoading, error: refused, reset }] = useWithdrawRollOutMutation();

  return (
    <Dialog open onClose={onClose} aria-labelledby={title} fullWidth maxWidth="sm">
      <DialogTitle id={title} className={css.title ?? ""}>
        {t("rollOut.title")}
      </DialogTitle>
      <DialogContent className={css.content ?? ""}>
        <p>{t("rollOut.words")}</p>
        {error && <ProblemNote problem={error as Problem} />}
        {made && (
          <section className={own.made} aria-label={t("rollOut.made", { label: made.label })}>
            <h3>{t("rollOut.made", { label: made.label })}</h3>
            <p>{t("rollOut.once")}</p>
            <Command text={`daylight agent enrol --hub ${location.origin} ${made.code}`} />
          </section>
        )}
        {codes && codes.length > 0 && (
          <ul className={own.codes} aria-label={t("rollOut.serving")}>
            {codes.map((code) => (
              <li key={code.id}>
                <div>
                  <b>{code.label}</b>
                  <p>
                    {[
                      t("rollOut.left", { count: code.uses_left, of: code.uses }),
                      t("rollOut.until", { day: day(code.expires_at) }),
                      code.person && t("rollOut.for", { person: code.person }),
                      code.waiting > 0 && t("rollOut.waiting", { count: code.waiting }),
                    ]
                      .filter(Boolean)
                      .join(" · ")}
                  </p>
                </div>
                <Button aria-label={t("rollOut.withdrawNamed", { label: code.label })} onClick={() => setEnding(code)}>
                  {t("rollOut.withdraw")}
                </Button>
              </li>
            ))}
          </ul>
        )}
        {codes?.length === 0 && !made && <p className={own.none}>{t("rollOut.none")}</p>}
        <RollOutForm onMade={setMade} />
      </DialogContent>
      <DialogActions className={css.actions ?? ""}>
        <Button onClick={onClose}>{t("ui:close")}</Button>
      </DialogActions>
      {ending && (
        <SureDialog
          title={t("rollOut.sure", { label: ending.label })}
          words={t("rollOut.sureWords")}
          go={t("rollOut.withdraw")}
          busy={isLoading}
          problem={refused as Problem | undefined}
          onGo={async () => {
            if (!(await withdraw(ending.id)).error) {
              setEnding(null);
              setMade((shown) => (shown?.id === ending.id ? null : shown));
            }
          }}
          onClose={() => {
            reset();
            setEnding(null);
          }}
        />
      )}
    </Dialog>
  );
}
