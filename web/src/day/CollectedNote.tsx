import { useTranslation } from "react-i18next";
import { number } from "../ui/time";
import type { Collected } from "./api";
import css from "./CollectedNote.module.css";

/** What may differ, by policy; the rest of both lists is the same for everybody. */
const BY_POLICY = ["apps", "sites", "titles", "counts"] as const;

/** What is collected and what is not, under which policy, and after how long without input somebody is idle. */
export function CollectedNote({ collected }: { collected: Collected }) {
  const { t } = useTranslation("person");
  const yes = ["states", "times", ...BY_POLICY.filter((field) => collected[field])] as const;
  const no = [...BY_POLICY.filter((field) => !collected[field]), "screenshots", "typed"] as const;
  return (
    <>
      <div className={css.columns}>
        <Column title={t("collected.yes")} words={yes.map((field) => t(`collected.${field}`))} />
        <Column title={t("collected.no")} words={no.map((field) => t(`collected.${field}`))} />
      </div>
      <p className={css.policy}>
        {t("collected.policy", {
          version: number(collected.policy_version),
          minutes: number(collected.idle_limit_s / 60, { maximumFractionDigits: 1 }),
        })}
      </p>
    </>
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
