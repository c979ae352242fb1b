import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import "../i18n/en/nobody";
import type { Me } from "../session/api";
import { Button, buttonClass } from "../ui/Button";
import { Empty } from "../ui/Empty";
import { isA, mustSetUp } from "./roles";

/** Live, for who manages no team: why it is empty, and what they can do from here. */
export function SeesNobody({ me }: { me: Me }) {
  const { t } = useTranslation("nobody");
  if (isA("admin", me)) {
    return mustSetUp(me) ? (
      <Empty icon="admin" title={t("nobody.setUp")} action={<Go to="/set-up">{t("nobody.setUpGo")}</Go>}>
        {t("nobody.setUpWords")}
      </Empty>
    ) : (
      <Empty icon="people" title={t("nobody.title")} action={<Go to="/set-up?step=team">{t("nobody.team")}</Go>}>
        {t("nobody.adminWords")}
      </Empty>
    );
  }
  return isA("auditor", me) ? (
    <Empty icon="ledger" title={t("nobody.title")} action={<Go to="/admin/audit">{t("nobody.audit")}</Go>}>
      {t("nobody.auditorWords")}
    </Empty>
  ) : (
    <Empty icon="ledger" title={t("nobody.title")} action={<Go to="/my-data">{t("nobody.mine")}</Go>}>
      {t("nobody.words")}
    </Empty>
  );
}

/** Live, for a manager of teams in which nobody has a device: their own first, then everybody's. */
export function SeesEmptyTeams({ me }: { me: Me }) {
  const { t } = useTranslation("nobody");
  const [copied, setCopied] = useState(false);
  if (me.team && !me.device) {
    return (
      <Empty icon="screen" title={t("unpeopled.title")} action={<Go to="/devices?enrol">{t("unpeopled.enrol")}</Go>}>
        {t("unpeopled.enrolWords")}
      </Empty>
    );
  }
  if (isA("admin", me)) {
    return (
      <Empty icon="people" title={t("unpeopled.title")} action={<Go to="/set-up?step=done">{t("unpeopled.add")}</Go>}>
        {t("unpeopled.addWords")}
      </Empty>
    );
  }
  const link = `${location.origin}/devices?enrol`;
  return (
    <Empty
      icon="people"
      title={t("unpeopled.title")}
      action={
        navigator.clipboard ? (
          <Button primary onClick={() => navigator.clipboard.writeText(link).then(() => setCopied(true))}>
            <span aria-live="polite">{copied ? t("unpeopled.copied") : t("unpeopled.copy")}</span>
          </Button>
        ) : (
          <a href={link}>{link}</a>
        )
      }
    >
      {t("unpeopled.copyWords")}
    </Empty>
  );
}

function Go({ to, children }: { to: string; children: string }) {
  return (
    <Link className={buttonClass(true)} to={to}>
      {children}
    </Link>
  );
}
