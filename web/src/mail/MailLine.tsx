import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import { Icon, type IconName } from "../ui/Icon";
import { clock, dayAndClock } from "../ui/time";
import type { Mail } from "./api";
import css from "./MailLine.module.css";

const ICONS: Record<Mail["state"], IconName> = {
  queued: "idle",
  handed: "idle",
  sent: "check",
  refused: "attention",
  failed: "attention",
  unclear: "attention",
  void: "offline",
};

interface Props {
  mail: Mail;
  busy: boolean;
  /** Where mail can be sent. */
  onAgain?: (() => void) | undefined;
}

/** A mail: what it was for and for whom, what became of it and why. */
export function MailLine({ mail, busy, onAgain }: Props) {
  const { t } = useTranslation("mail");
  const { kind, name, state, attempts, error, due_at } = mail;
  const waits = state === "queued";
  const what = t("what", { kind: t(`kind.${kind}`), name });
  const lost = error === "WorkerLost" ? "error.lost" : "error.away";
  const why = /^\d+$/.test(error) ? t("error.code", { code: error }) : t(lost, { name: error });
  return (
    <li className={css.line} data-state={state}>
      <Icon name={ICONS[state]} size={16} className={css.icon} />
      <div className={css.what}>
        <b>{what}</b>
        <p>
          {[
            t(`state.${state}`),
            dayAndClock(mail.ended_at ?? mail.queued_at),
            attempts > 1 && t("tries", { count: attempts }),
            waits && attempts > 0 && due_at && t("next", { time: clock(due_at) }),
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
        {error && <p>{why}</p>}
      </div>
      {mail.again && onAgain && (
        <Button disabled={busy} onClick={onAgain} aria-label={t(waits ? "nowOf" : "againOf", { what })}>
          {t(waits ? "now" : "again")}
        </Button>
      )}
    </li>
  );
}
