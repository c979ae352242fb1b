import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { download } from "../http/download";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { dayAndClock, number } from "../ui/time";
import css from "./AuditPage.module.css";
import { type Chain, useChainQuery, useCheckChainMutation } from "./api";

const REFRESH_MS = 30_000;
const CHECKING_MS = 1_000;

/** Whether the chain held when it was checked last; has it checked again, and gives the whole of it away. */
export function ChainNote() {
  const { t } = useTranslation("audit");
  const [checking, setChecking] = useState(false);
  const { data } = useChainQuery(undefined, {
    pollingInterval: checking ? CHECKING_MS : REFRESH_MS,
    refetchOnMountOrArgChange: true,
  });
  const [check, { error }] = useCheckChainMutation();
  const [problem, setProblem] = useState<Problem | null>(null);
  if (data && checking !== data.checking) {
    setChecking(data.checking);
  }

  async function save() {
    setProblem((await download("/api/audit/export")) ?? null);
  }

  if (!data) {
    return <div className={css.chain} role="status" aria-label={t("chain.loading")} />;
  }
  const broken = data.checked !== null && data.checked.broken !== "";
  const failed = problem ?? (error as Problem | undefined);
  return (
    <section className={css.chain} data-broken={broken || undefined} aria-label={t("chain.title")}>
      <Icon name={broken ? "attention" : "check"} className={css.mark} />
      <div className={css.stands}>
        <b role="status">{stands(data)}</b>
        <p>{broken ? t("chain.brokenWords") : t("chain.words")}</p>
        <p>{kept(data)}</p>
        {data.checked?.away && <p>{t("chain.away")}</p>}
        <details>
          <summary>{t("chain.more")}</summary>
          <dl>
            <dt>{t("chain.key")}</dt>
            <dd>
              <code>{data.key}</code>
            </dd>
            <dt>{t("chain.head")}</dt>
            <dd>
              <code>{data.head}</code>
            </dd>
          </dl>
          <p>
            <code>daylight audit verify audit.jsonl --key {data.key.slice(0, 8)}…</code>
          </p>
        </details>
        {failed && <ProblemNote problem={failed} />}
      </div>
      <div className={css.acts}>
        <Button disabled={data.checking} onClick={() => check()}>
          {t(data.checking ? "chain.checking" : "chain.check")}
        </Button>
        <Button startIcon={<Icon name="download" />} onClick={save}>
          {t("chain.export")}
        </Button>
      </div>
    </section>
  );

  function kept({ kept, kept_at }: Chain): string {
    return kept && kept_at ? t("chain.kept", { place: number(kept), at: dayAndClock(kept_at) }) : t("chain.notKept");
  }

  function stands({ rows, checked, checked_at }: Chain): string {
    if (!checked || !checked_at || (checked.rows === 0 && !checked.broken)) {
      return t("chain.unchecked", { rows: number(rows) });
    }
    return checked.broken
      ? t("chain.broken", { where: checked.broken, at: dayAndClock(checked_at) })
      : t("chain.holds", { rows: number(checked.rows), at: dayAndClock(checked_at) });
  }
}
