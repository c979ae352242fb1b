import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/account";
import type { Problem } from "../http/request";
import css from "../ui/Dialog.module.css";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { useFactorsQuery, useProveMutation, useProvePasskeyMutation, useWaysQuery } from "./api";
import { PasskeyButton } from "./PasskeyButton";
import { wordedProblem } from "./problem";
import { useLeave } from "./signOn";

/** Asks whoever sits there to prove who they are, by password or code, before an act that asked for it goes on. */
export function ProofDialog({ onDone }: { onDone: (proved: boolean) => void }) {
  const { t } = useTranslation(["account", "ui"]);
  const { data: factors, error: unread } = useFactorsQuery();
  const [prove, { isLoading, error }] = useProveMutation();
  const [chosen, setChosen] = useState<"password" | "code" | null>(null);
  const [typed, setTyped] = useState("");
  const ids = { title: useId(), box: useId() };
  const [provePasskey] = useProvePasskeyMutation();
  const [unproved, setUnproved] = useState<Problem | null>(null);
  const { data: ways } = useWaysQuery();
  const { leave, isLoading: leaving } = useLeave("/api/session/proof/sign-on", setUnproved);
  const problem = unproved ?? ((error ?? unread) as Problem | undefined);
  const by = chosen ?? (factors?.password === false && factors.totp_since ? "code" : "password");
  const keys = (factors?.passkeys.length ?? 0) > 0;
  const typing = !factors || factors.password || factors.totp_since !== null;
  const there = factors?.sign_on_since ? ways?.oidc : null;
  const none = !typing && !keys && !there;

  async function submit(event: FormEvent) {
    event.preventDefault();
    setUnproved(null);
    const { error: refused } = await prove(by === "code" ? { code: typed } : { password: typed });
    setTyped("");
    if (!refused) {
      onDone(true);
    }
  }

  return (
    <Dialog open onClose={() => onDone(false)} aria-labelledby={ids.title} fullWidth maxWidth="xs">
      <form onSubmit={submit}>
        <DialogTitle id={ids.title} className={css.title ?? ""}>
          {t("proof.title")}
        </DialogTitle>
        <DialogContent className={css.content ?? ""}>
          {problem && <ProblemNote problem={wordedProblem(problem)} />}
          <p>{t(none ? "proof.none" : "proof.words")}</p>
          {typing && (
            <>
              <label htmlFor={ids.box}>{t(`proof.${by}`)}</label>
              <OutlinedInput
                key={by}
                id={ids.box}
                fullWidth
                autoFocus
                required
                type={by === "password" ? "password" : "text"}
                autoComplete={by === "password" ? "current-password" : "one-time-code"}
                inputProps={by === "code" ? { dir: "ltr", maxLength: 40 } : { maxLength: 200 }}
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
              />
            </>
          )}
          {factors?.password && factors.totp_since && (
            <Button className={css.other ?? ""} onClick={() => setChosen(by === "code" ? "password" : "code")}>
              {t(by === "code" ? "proof.usePassword" : "proof.useCode")}
            </Button>
          )}
          {keys && (
            <PasskeyButton
              className={css.other ?? ""}
              onProblem={setUnproved}
              onAnswer={async (credential) => {
                const { error: refused } = await provePasskey(credential);
                if (refused) {
                  setUnproved({ ...(refused as Problem), title: t("passkeyRefused") });
                } else {
                  onDone(true);
                }
              }}
            >
              {t("proof.usePasskey")}
            </PasskeyButton>
          )}
          {there && (
            <>
              <Button className={css.other ?? ""} onClick={leave} disabled={leaving} startIcon={<Icon name="people" />}>
                {t("proof.useSignOn", { name: there })}
              </Button>
              <p>{t("proof.signOnWords")}</p>
            </>
          )}
        </DialogContent>
        <DialogActions className={css.actions ?? ""}>
          <Button onClick={() => onDone(false)}>{t("ui:cancel")}</Button>
          {typing && (
            <Button type="submit" variant="contained" color="primary" disabled={isLoading || typed === ""}>
              {t("proof.go")}
            </Button>
          )}
        </DialogActions>
      </form>
    </Dialog>
  );
}
