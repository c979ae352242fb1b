import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/pause";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { Toggles } from "../ui/Toggles";
import { clock } from "../ui/time";
import { useNow } from "../ui/useNow";
import { type Pause, useDeclarePauseMutation, useEndPauseMutation, usePauseQuery } from "./api";
import css from "./PauseBox.module.css";
import { WorkBox } from "./WorkBox";

const REFRESH_MS = 15_000;
const SPANS = { quarter: 15, hour: 60, open: null } as const;
type Span = keyof typeof SPANS;
const NAMES = Object.keys(SPANS) as Span[];

/** Private time and breaks, for all of one's devices: declared, shown while they last, and ended. */
export function PauseBox() {
  const { t } = useTranslation(["pause", "ui"]);
  const now = useNow(5_000);
  const [span, setSpan] = useState<Span>("open");
  const { data, error, refetch } = usePauseQuery(undefined, {
    pollingInterval: REFRESH_MS,
    refetchOnMountOrArgChange: true,
  });
  const [declare, declared] = useDeclarePauseMutation();
  const [end, ended] = useEndPauseMutation();
  const busy = declared.isLoading || ended.isLoading;
  const problem = (declared.error ?? ended.error) as Problem | undefined;
  const pause = data?.pause && (!data.pause.until_at || Date.parse(data.pause.until_at) > now) ? data.pause : null;
  return (
    <div className={css.box}>
      {!data && error && (
        <ProblemNote problem={error as Problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />
      )}
      {problem && <ProblemNote problem={problem} kept={problem.status ? t("ui:kept.unchanged") : undefined} />}
      <div role="status">{pause && <Holds pause={pause} />}</div>
      {pause && (
        <div className={css.acts}>
          <Button variant="contained" color="primary" disabled={busy} onClick={() => end()}>
            {t("end")}
          </Button>
        </div>
      )}
      {data && !pause && (
        <>
          <Toggles
            label={t("howLong")}
            value={span}
            options={NAMES.map((value) => ({ value, word: t(`span.${value}`) }))}
            onChoose={setSpan}
          />
          <div className={css.acts}>
            {(data.private_time ? (["private", "break"] as const) : (["break"] as const)).map((kind) => (
              <Button
                key={kind}
                disabled={busy}
                startIcon={<Icon name={kind} />}
                onClick={() => declare({ kind, minutes: SPANS[span] })}
              >
                {t(`kind.${kind}`)}
              </Button>
            ))}
          </div>
          {!data.private_time && <p className={css.note}>{t("noPrivate")}</p>}
        </>
      )}
      {data && <WorkBox data={{ ...data, pause }} now={now} />}
    </div>
  );
}

function Holds({ pause: { kind, since_at, until_at } }: { pause: Pause }) {
  const { t } = useTranslation("pause");
  return (
    <div className={css.holds} data-kind={kind}>
      <Icon name={kind} size={20} className={css.icon} />
      <div>
        <b>
          {until_at
            ? t(`now.${kind}Until`, { since: clock(since_at), until: clock(until_at) })
            : t(`now.${kind}`, { since: clock(since_at) })}
        </b>
        <p>{t(`means.${kind}`)}</p>
      </div>
    </div>
  );
}
