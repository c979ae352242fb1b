import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import code from "../enrol/EnrolCode.module.css";
import { described, Field } from "../forms/Field";
import { fieldOf, focusOn, wordsOf } from "../forms/mistakes";
import type { Problem } from "../http/request";
import { MyPolicy } from "../policy/MyPolicy";
import css from "../ui/Dialog.module.css";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { useDecideAskingMutation, useFindAskingMutation } from "./api";
import own from "./EnrolDialog.module.css";

interface Props {
  /** The code of the link that led here; empty: it is to be typed. */
  confirmation: string;
  onClose: () => void;
}

/** A computer asks to be mine: the code that it shows is compared, and then it is, or it is not. */
export function ApproveDialog({ confirmation, onClose }: Props) {
  const { t } = useTranslation(["devices", "ui"]);
  const ids = { title: useId(), box: useId() };
  const [typed, setTyped] = useState(confirmation);
  const [find, { data: asking, error: notFound, isLoading: finding }] = useFindAskingMutation();
  const [decide, { data: decided, error: refused, isLoading: deciding }] = useDecideAskingMutation();
  const followed = useRef(false);
  const problem = (refused ?? notFound) as Problem | undefined;
  const mistake = !asking && problem && fieldOf(problem, ["confirmation"]) ? wordsOf(problem) : null;

  useEffect(() => {
    if (confirmation && !followed.current) {
      followed.current = true;
      find(confirmation);
    }
  }, [confirmation, find]);

  async function look(event: FormEvent) {
    event.preventDefault();
    if (!finding && (await find(typed)).error) {
      focusOn(ids.box);
    }
  }

  const title = decided
    ? t(decided.device ? "approving.approved" : "approving.declined")
    : asking
      ? t("approving.asks", { name: asking.name })
      : t("approve");
  return (
    <Dialog open onClose={onClose} aria-labelledby={ids.title} fullWidth maxWidth="sm">
      <DialogTitle id={ids.title} className={css.title ?? ""}>
        {title}
      </DialogTitle>
      <DialogContent className={css.content ?? ""}>
        {problem && !mistake && <ProblemNote problem={problem} />}
        {!asking && (
          <form id={`${ids.box}-form`} onSubmit={look} noValidate>
            <Field id={ids.box} label={t("approving.code")} error={mistake} hint={t("approving.codeHint")}>
              <OutlinedInput
                id={ids.box}
                fullWidth
                autoFocus
                autoComplete="off"
                error={Boolean(mistake)}
                value={typed}
                inputProps={{ dir: "ltr", maxLength: 64, ...described(ids.box, { error: mistake, hint: true }) }}
                onChange={(event) => setTyped(event.target.value)}
              />
            </Field>
          </form>
        )}
        {asking && !decided && (
          <>
            <p>{t("approving.compare", { name: asking.name, system: asking.system || t("panel.unknown") })}</p>
            <div className={code.box}>
              <output className={code.code} aria-label={t("approving.shown")} dir="ltr">
                {asking.confirmation}
              </output>
            </div>
            <p>{t("approving.careful")}</p>
            <section className={own.collected} aria-label={t("enrolling.policy")}>
              <p>
                <Icon name="ledger" size={14} />
                <span>{t("enrolling.collected")}</span>
              </p>
              <MyPolicy />
            </section>
          </>
        )}
        {decided && (
          <p className={own.waiting} role="status">
            {decided.device ? (
              <>
                <Icon name="check" className={own.good} />
                <b>{t("enrolling.named", { name: decided.name })}</b>
              </>
            ) : (
              t("approving.told")
            )}
          </p>
        )}
      </DialogContent>
      <DialogActions className={css.actions ?? ""}>
        {asking && !decided && !refused ? (
          <>
            <Button disabled={deciding} onClick={() => decide({ id: asking.id, mine: false })}>
              {t("approving.notMine")}
            </Button>
            <Button
              variant="contained"
              color="primary"
              disabled={deciding}
              onClick={() => decide({ id: asking.id, mine: true })}
            >
              {t("approving.mine")}
            </Button>
          </>
        ) : (
          <>
            <Button onClick={onClose}>{t(decided ? "ui:done" : "ui:close")}</Button>
            {!asking && (
              <Button
                type="submit"
                form={`${ids.box}-form`}
                variant="contained"
                color="primary"
                disabled={finding || typed.trim() === ""}
              >
                {t("approving.find")}
              </Button>
            )}
          </>
        )}
      </DialogActions>
    </Dialog>
  );
}
