import { useTranslation } from "react-i18next";
import "../i18n/en/policy";
import { hoursSaid } from "../forms/hours";
import { list, number } from "../ui/time";
import { hoursOf, KINDS, type MyPolicy, type Policy } from "./api";
import css from "./PolicyWords.module.css";
import { keptSaid } from "./said";

/** A policy as one plain page: what is collected, what is not, and when. */
export function PolicyWords({ policy, unavailable }: { policy: Policy; unavailable: MyPolicy["unavailable"] }) {
  const { t } = useTranslation("policy");
  const { hours, zone, idle_limit_s, private_time, look_reason, version } = policy;
  const yes = (["states", "times", ...KINDS.filter((kind) => policy[kind])] as const).map((each) => t(`is.${each}`));
  const no = [
    ...KINDS.filter((kind) => !policy[kind] && !(unavailable as string[]).includes(kind)).map((kind) =>
      t(`is.${kind}`),
    ),
    ...([...unavailable, "typed"] as const).map((each) => t(`never.${each}`)),
  ];
  const when =
    hours === null
      ? t("always")
      : hours.length === 0
        ? t("never_hours")
        : t("only", { hours: list(hoursOf(hours).map(hoursSaid)), zone: zone.replaceAll("_", " ") });
  return (
    <div className={css.policy}>
      <div className={css.columns}>
        <Column title={t("yes")} words={yes} />
        <Column title={t("no")} words={no} />
      </div>
      <p>{when}</p>
      <p>
        {t("idle", { minutes: number(idle_limit_s / 60, { maximumFractionDigits: 1 }) })}{" "}
        {t(private_time ? "private" : "notPrivate")} {look_reason && `${t("lookReason")} `}
        {t("version", { version: number(version) })}
      </p>
      <p>
        {keptSaid(policy).join(" ")} {t("kept.hold")}
      </p>
    </div>
  );
}

function Column({ title, words }: { title: string; words: string[] }) {
  return (
    <div>
      <p className={css.title}>{title}</p>
      <ul aria-label={title}>
        {words.map((word) => (
          <li key={word}>{word}</li>
        ))}
      </ul>
    </div>
  );
}
