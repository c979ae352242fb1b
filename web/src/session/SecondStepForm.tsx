import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { type Kind, useAnswerMutation } from "./api";
import { PasskeySignIn } from "./PasskeySignIn";
import css from "./SignInPage.module.css";

interface Props {
  kinds: Kind[];
  problem: Problem | null;
  onProblem: (problem: Problem | null) => void;
  /** To the first step again: by choice, or because this one took too long. */
  onBack: (why: Problem | null) => void;
}

/** The second step: a code of the authenticator, or a recovery code. */
export function SecondStepForm({ kinds, problem, onProblem, onBack }: Props) {
  const { t } = useTranslation("session");
  const [recovering, setRecovering] = useState(!kinds.includes("totp"));
  const [code, setCode] = useState("");
  const [answer, { isLoading }] = useAnswerMutation();
  const id = useId();
  const box = useRef<HTMLInputElement>(null);
  const kind = recovering ? "recovery" : "totp";

  async function submit(event: FormEvent) {
    event.preventDefault();
    const { error } = await answer(code);
    if (!error) {
      return;
    }
    if ((error as Problem).status === 401) {
      onBack({ ...(error as Problem), status: 0, title: t("second.late"), detail: "" });
      return;
    }
    onProblem(error as Problem);
    setCode("");
    box.current?.focus();
  }

  function turn() {
    setRecovering(!recovering);
    setCode("");
    onProblem(null);
    box.current?.focus();
  }

  return (
    <form onSubmit={submit}>
      <label className={css.label} htmlFor={id}>
        {t(`second.${kind}`)}
      </label>
      <OutlinedInput
        key={kind}
        id={id}
        className={css.input}
        inputRef={box}
        name="code"
        autoComplete={recovering ? "off" : "one-time-code"}
        autoFocus
        required
        fullWidth
        inputProps={{
          inputMode: recovering ? "text" : "numeric",
          "aria-describedby": problem ? `${id}-hint sign-in-problem` : `${id}-hint`,
          dir: "ltr",
          maxLength: 40,
        }}
        value={code}
        onChange={(event) => setCode(event.target.value)}
      />
      <p className={css.hint} id={`${id}-hint`}>
        {t(`second.${kind}Hint`)}
      </p>
      <Button className={css.submit} type="submit" variant="contained" color="primary" fullWidth disabled={isLoading}>
        {isLoading ? t("signingIn") : t("signIn")}
      </Button>
      {kinds.includes("passkey") && <PasskeySignIn onProblem={onProblem} />}
      <div className={css.others}>
        {kinds.includes("totp") && (
          <Button variant="text" onClick={turn}>
            {t(recovering ? "second.useTotp" : "second.useRecovery")}
          </Button>
        )}
        <Button variant="text" onClick={() => onBack(null)}>
          {t("second.back")}
        </Button>
      </div>
    </form>
  );
}
