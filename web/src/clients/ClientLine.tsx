import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import { wordOf } from "../tokens/scopes";
import { day } from "../ui/time";
import type { Client } from "./api";
import css from "./ClientLine.module.css";

interface Props {
  client: Client;
  onAct: (what: "change" | "rotate" | "disable") => void;
}

/** A client: what it may and where, when it was last here, and its secrets. */
export function ClientLine({ client, onAct }: Props) {
  const { t } = useTranslation(["clients", "tokens"]);
  const { name, scopes, teams, secrets, last_used_at, disabled_at } = client;
  const teamNames = teams.map((team) => team.name).join(", ");
  return (
    <li className={css.line} data-disabled={disabled_at !== null || undefined}>
      <div className={css.what}>
        <b>{name}</b>
        {disabled_at && <span className={css.tag}>{t("disabledOn", { day: day(disabled_at) })}</span>}
        <p>
          {t("may", {
            scopes: scopes.map((scope) => t(`tokens:scopes.${wordOf(scope)}`)).join(", "),
            teams: teamNames,
          })}
        </p>
        <p className={css.facts}>
          {last_used_at ? t("usedOn", { day: day(last_used_at) }) : t("neverUsed")}
          {secrets.map((secret) => (
            <span key={secret.ends_with + secret.created_at}>
              {" · "}
              {t(secret.ends_at ? "oldSecret" : "secret", {
                end: secret.ends_with,
                day: day(secret.ends_at ?? secret.created_at),
              })}
            </span>
          ))}
        </p>
      </div>
      {!disabled_at && (
        <div className={css.acts}>
          <Button onClick={() => onAct("change")} aria-label={t("changeOf", { name })}>
            {t("change")}
          </Button>
          <Button onClick={() => onAct("rotate")} aria-label={t("rotateOf", { name })}>
            {t("rotate")}
          </Button>
          <Button onClick={() => onAct("disable")} aria-label={t("disableOf", { name })}>
            {t("disable")}
          </Button>
        </div>
      )}
    </li>
  );
}
