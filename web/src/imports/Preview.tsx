import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { Empty } from "../ui/Empty";
import { Icon } from "../ui/Icon";
import { Pages } from "../ui/Pages";
import { ProblemNote } from "../ui/ProblemNote";
import { Toggles } from "../ui/Toggles";
import { clock, list, number } from "../ui/time";
import { type Preview as Looked, SHOWN, type Show, useChooseMutation, useConfirmMutation } from "./api";
import { Mend } from "./Mend";
import css from "./Preview.module.css";
import { RowList } from "./RowList";
import { saidInWords, sourceInWords } from "./words";

const TEAMS_NAMED = 6;

interface Props {
  preview: Looked;
  show: Show;
  /** What is shown is of before the last click. */
  late: boolean;
  onShow: (show: Show, page: number) => void;
  onAnother: () => void;
}

/** What each row would do, those that can't be used first, and the button that does it. */
export function Preview({ preview, show, late, onShow, onAnother }: Props) {
  const { t } = useTranslation(["imports", "ui"]);
  const [confirm, doing] = useConfirmMutation();
  const [choose, choosing] = useChooseMutation();
  const [problem, setProblem] = useState<Problem | null>(null);
  const { id, version, counts, about, rows, total, page, per_page } = preview;
  const people = counts.add + counts.change;
  const busy = doing.isLoading || choosing.isLoading || late;
  const figures: Record<Show, number> = {
    all: counts.bad + counts.add + counts.change + counts.leave,
    moved_on: preview.moved_on.length,
    ...counts,
  };

  async function act() {
    setProblem(null);
    const { error } = await confirm({ id, version, leave_out_bad: counts.bad > 0 });
    setProblem((error as Problem | undefined) ?? null);
    if ((error as Problem | undefined)?.code === "import_changed") {
      onShow("all", 1);
    }
  }

  async function makeTeams(make: boolean) {
    setProblem(null);
    const { error } = await choose({ id, make_teams: make });
    setProblem((error as Problem | undefined) ?? null);
    onShow("all", 1);
  }

  return (
    <>
      <div className={css.about}>
        <p>
          {sourceInWords(about)}
          <span className={css.until}>{t("source.until", { time: clock(preview.expires_at) })}</span>
        </p>
        <Button onClick={onAnother}>{t("do.another")}</Button>
      </div>
      {about.source.encoding === "windows-1252" && <Note>{t("source.guessed")}</Note>}
      {about.ignored.length > 0 && (
        <Note>{t("source.ignored", { count: about.ignored.length, names: list(about.ignored) })}</Note>
      )}
      {problem && <ProblemNote problem={saidInWords(t("failed"), problem)} />}
      {preview.new_teams.length > 0 && (
        <label className={css.teams}>
          <input
            type="checkbox"
            checked={choosing.isLoading ? choosing.originalArgs?.make_teams : preview.make_teams}
            disabled={busy}
            onChange={(event) => void makeTeams(event.target.checked)}
          />
          <span>
            <b>{t("teams.make")}</b>
            {t("teams.words", { count: preview.new_teams.length, names: named(preview.new_teams) })}
          </span>
        </label>
      )}
      <div className={css.tools}>
        <Toggles
          label={t("show.label")}
          value={show}
          options={SHOWN.filter((kind) => kind !== "moved_on" || figures.moved_on > 0).map((kind) => ({
            value: kind,
            word: t(`show.${kind}`),
            figure: number(figures[kind]),
            alert: figures[kind] > 0 && (kind === "bad" || kind === "moved_on"),
          }))}
          onChoose={(kind) => onShow(kind, 1)}
        />
        <span className={css.grow} />
        {counts.bad > 0 && <Mend id={id} />}
      </div>
      {total === 0 ? (
        <Empty icon="check" title={t("none")}>
          {t("noneWords")}
        </Empty>
      ) : (
        <div className={late ? css.late : undefined}>
          <RowList rows={rows} />
          <Pages page={page} per_page={per_page} total={total} count={rows.length} onPage={(to) => onShow(show, to)} />
        </div>
      )}
      <div className={css.foot}>
        <p>
          {people > 0 && counts.bad > 0 && <b>{t("do.leaveOut", { count: counts.bad })} </b>}
          {t("do.whole")}
        </p>
        <Button variant="contained" color="primary" disabled={people === 0 || busy} onClick={act}>
          {doing.isLoading ? t("do.doing") : people > 0 ? t("do.people", { count: people }) : t("do.nothing")}
        </Button>
      </div>
    </>
  );

  function named(teams: string[]): string {
    const rest = teams.length - TEAMS_NAMED;
    return rest > 1
      ? t("teams.more", { names: teams.slice(0, TEAMS_NAMED).join(t("ui:comma")), count: rest })
      : list(teams);
  }
}

function Note({ children }: { children: string }) {
  return (
    <p className={css.note}>
      <Icon name="attention" /> <span>{children}</span>
    </p>
  );
}
