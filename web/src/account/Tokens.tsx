import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/tokens";
import type { Problem } from "../http/request";
import { wordOf } from "../tokens/scopes";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { SureDialog } from "../ui/SureDialog";
import { day } from "../ui/time";
import css from "./Lines.module.css";
import { Section } from "./Section";
import { TokenDialog } from "./TokenDialog";
import { type Token, useRevokeTokenMutation, useTokensQuery } from "./tokensApi";

/** Tokens for programs of one's own: those that serve, and where a new one is made. */
export function Tokens() {
  const { t } = useTranslation(["tokens", "ui"]);
  const { data: tokens, error, refetch } = useTokensQuery();
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const [revoke, { isLoading, error: kept, reset }] = useRevokeTokenMutation();
  const now = Date.now();
  const serving = tokens?.filter((token) => !token.revoked_at && Date.parse(token.expires_at) > now) ?? [];
  const close = () => {
    setRevoking(null);
    reset();
  };
  return (
    <Section
      title={t("title")}
      words={
        <>
          {t("words")} <a href="/api/docs">{t("docs")}</a>
        </>
      }
      action={<Button onClick={() => setMaking(true)}>{t("make")}</Button>}
    >
      {error && (
        <ProblemNote problem={error as Problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />
      )}
      {serving.length > 0 && (
        <ul className={css.lines} aria-label={t("title")}>
          {serving.map((token) => (
            <li key={token.id} className={css.line}>
              <Icon name="key" size={20} className={css.icon} />
              <div className={css.what}>
                <b>{token.name}</b>
                <p>
                  {[
                    `…${token.ends_with}`,
                    token.scopes.map((scope) => t(`scopes.${wordOf(scope)}`)).join(", "),
                    t("until", { day: day(token.expires_at) }),
                    token.last_used_at ? t("usedOn", { day: day(token.last_used_at) }) : t("neverUsed"),
                  ].join(" · ")}
                </p>
              </div>
              <Button onClick={() => setRevoking(token)} aria-label={t("revokeOf", { name: token.name })}>
                {t("revoke")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {making && <TokenDialog onClose={() => setMaking(false)} />}
      {revoking && (
        <SureDialog
          title={t("revoking.title", { name: revoking.name })}
          words={t("revoking.words")}
          go={t("revoke")}
          busy={isLoading}
          problem={kept as Problem | undefined}
          onGo={async () => {
            if (!(await revoke(revoking.id)).error) {
              close();
            }
          }}
          onClose={close}
        />
      )}
    </Section>
  );
}
