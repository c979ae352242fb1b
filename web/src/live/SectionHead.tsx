import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import { StateMark } from "../ui/StateMark";
import { number } from "../ui/time";
import type { Section } from "./arrange";
import type { Board } from "./board";
import css from "./SectionHead.module.css";

interface Props {
  board: Board;
  section: Section;
  filtered: boolean;
}

/** What a section is of: a team with how many of it work and how many stand above, a state, or those who need somebody. */
export function SectionHead({ board, section, filtered }: Props) {
  const { t } = useTranslation(["live", "ui"]);
  switch (section.kind) {
    case "attention":
      return (
        <span className={`${css.head} ${css.attention}`}>
          <Icon name="attention" size={14} className={css.icon} />
          <b>{t("attention")}</b>
          <span>{t("attentionOrder")}</span>
        </span>
      );
    case "state":
      return (
        <span className={css.head}>
          {section.state && <StateMark state={section.state} />}
          <span>{shown(section, filtered)}</span>
        </span>
      );
    case "restricted":
      return (
        <span className={css.head}>
          <StateMark state="offline" restricted />
          <span>{shown(section, filtered)}</span>
        </span>
      );
    case "team":
      return (
        <span className={css.head}>
          <b>{section.team === null ? "" : board.teams.get(section.team)?.name}</b>
          <span>{[shown(section, filtered), filtered ? null : sum()].filter(Boolean).join(t("ui:comma"))}</span>
        </span>
      );
    default:
      return (
        <span className={css.head}>
          <b>{t("all")}</b>
          <span>{shown(section, filtered)}</span>
        </span>
      );
  }

  function shown({ people, total }: Section, few: boolean): string {
    const all = t("ui:people", { count: total });
    return few ? t("table.shown", { shown: number(people.length), people: all }) : all;
  }

  function sum(): string {
    const working = (board.teams.get(section.team ?? 0)?.people ?? []).filter((person) => {
      const state = board.people.get(person)?.judged.state;
      return state === "active" || state === "passive";
    });
    const above = section.total - section.people.length;
    return [t("group.working", { count: working.length }), above > 0 ? t("group.above", { count: above }) : null]
      .filter(Boolean)
      .join(t("ui:comma"));
  }
}
