import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Choice } from "../forms/Choice";
import { useDraft } from "../forms/draft";
import { described, Field } from "../forms/Field";
import css from "../forms/Form.module.css";
import { fieldOf, focusOn, wordsOf } from "../forms/mistakes";
import type { Problem } from "../http/request";
import { Beside } from "../ui/Beside";
import { Empty } from "../ui/Empty";
import { ProblemNote, within } from "../ui/ProblemNote";
import { list } from "../ui/time";
import type { Said } from "./acts";
import {
  type Team,
  useAddTeamMutation,
  useChangeTeamMutation,
  useRemoveTeamMutation,
  useRestoreTeamMutation,
} from "./api";
import { Section } from "./Section";
import { options, under } from "./tree";

interface Props {
  me: number;
  teams: Team[];
  say: (said: Said) => void;
  onClose: () => void;
}

interface Draft {
  name?: string;
  /** `null`: none, of the whole organisation. */
  parent?: number | null;
  /** The version that it was typed over. */
  over?: number;
}

const EMPTY: Draft = {};
const CONFLICT = 409;
const FIELDS = ["name", "parent"] as const;
type Mistakes = Partial<Record<(typeof FIELDS)[number], string>>;

/** A team: its name, its place, and its end once it is empty. */
export function TeamPanel({ team, onClose, ...rest }: Props & { team: Team | undefined }) {
  const { t } = useTranslation("people");
  return (
    <Beside title={team?.name ?? t("viewTeams")} onClose={onClose}>
      {team ? (
        <Opened team={team} onClose={onClose} {...rest} />
      ) : (
        <Empty icon="people" title={t("teams.gone")} action={<Button onClick={onClose}>{t("person.back")}</Button>}>
          {t("teams.goneWords")}
        </Empty>
      )}
    </Beside>
  );
}

function Opened({ team, me, teams, say, onClose }: Props & { team: Team }) {
  const { t } = useTranslation(["people", "ui"]);
  const prefix = useId();
  const { draft, put, drop } = useDraft<Draft>(`daylight-team-${me}-${team.id}`, EMPTY);
  const [change, { isLoading }] = useChangeTeamMutation();
  const [mistakes, setMistakes] = useState<Mistakes>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const { over, ...typedIn } = draft;
  const typed = { name: team.name, parent: team.parent, ...typedIn };
  const changed = FIELDS.filter((field) => typed[field] !== team[field]);
  const behind = changed.length > 0 && over !== undefined && over !== team.version;
  const theirs: Mistakes = behind
    ? {
        ...(typed.name !== team.name && { name: t("person.theirs", { value: team.name }) }),
        ...(typed.parent !== team.parent && {
          parent: t("person.theirs", { value: teams.find(({ id }) => id === team.parent)?.name ?? "" }),
        }),
      }
    : {};

  async function save(version: number) {
    setMistakes({});
    setProblem(null);
    if (typed.name.trim() === "") {
      setMistakes({ name: t("teams.nameMissing") });
      focusOn(`${prefix}-name`);
      return;
    }
    const before = { name: team.name, parent: team.parent };
    const { data, error } = await change({ id: team.id, form: { ...typed, version } });
    const refused = error as Problem | undefined;
    if (data) {
      const now = data.find(({ id }) => id === team.id);
      drop();
      say({
        words: t("done.teamSaved", { name: typed.name }),
        undo: async () => {
          const back = await change({ id: team.id, form: { ...before, version: now?.version ?? 0 } });
          return (back.error as Problem | undefined) ?? null;
        },
      });
      return;
    }
    const field = refused && fieldOf(refused, FIELDS);
    if (refused && field) {
      setMistakes({ [field]: wordsOf(refused) });
      focusOn(`${prefix}-${field}`);
    } else if (refused && refused.status !== CONFLICT) {
      setProblem(refused);
    }
  }

  return (
    <>
      <form
        className={css.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (changed.length > 0 && !isLoading) {
            save(over ?? team.version);
          }
        }}
      >
        {behind && <ProblemNote problem={{ title: t("conflict.title") }} kept={t("conflict.words")} />}
        {problem && <ProblemNote problem={within(t("failed.save"), problem)} kept={t("ui:kept.typed")} />}
        <TeamFields
          prefix={prefix}
          typed={typed}
          put={(next) => put({ ...next, over: over ?? team.version })}
          mistakes={mistakes}
          theirs={theirs}
          places={team.parent === null ? null : options(teams, under(teams, team.id))}
        />
        {changed.length > 0 && (
          <div className={css.actions}>
            <Button
              type={behind ? "button" : "submit"}
              variant="contained"
              color="primary"
              disabled={isLoading}
              {...(behind && { onClick: () => save(team.version) })}
            >
              {t(behind ? "conflict.mine" : isLoading ? "person.saving" : "person.save")}
            </Button>
            <Button onClick={drop}>{t(behind ? "conflict.theirs" : "person.discard")}</Button>
            <p className={css.note}>{t("person.draft")}</p>
          </div>
        )}
      </form>
      <Section title={t("teams.managers")}>
        <p>{team.managers.length > 0 ? list(team.managers.map(({ name }) => name)) : t("teams.noManager")}</p>
        <p className={css.note}>{t("teams.managing")}</p>
      </Section>
      {team.parent !== null && <Removal team={team} teams={teams} say={say} onClose={onClose} />}
    </>
  );
}

function Removal({ team, teams, say, onClose }: Omit<Props, "me"> & { team: Team }) {
  const { t } = useTranslation("people");
  const [remove, { isLoading }] = useRemoveTeamMutation();
  const [restore] = useRestoreTeamMutation();
  const [problem, setProblem] = useState<Problem | null>(null);
  const used = team.people > 0 || team.managers.length > 0 || teams.some(({ parent }) => parent === team.id);

  async function removeIt() {
    const { error } = await remove(team.id);
    if (error) {
      setProblem(error as Problem);
      return;
    }
    onClose();
    say({
      words: t("done.teamRemoved", { name: team.name }),
      undo: async () => ((await restore(team.id)).error as Problem | undefined) ?? null,
    });
  }

  return (
    <Section title={t("teams.removing")}>
      {problem && <ProblemNote problem={within(t("failed.team"), problem)} />}
      <p className={css.note}>{t(used ? "teams.usedWords" : "teams.removeWords")}</p>
      {!used && (
        <div className={css.actions}>
          <Button color="error" disabled={isLoading} onClick={removeIt}>
            {t("teams.remove")}
          </Button>
        </div>
      )}
    </Section>
  );
}

/** A team that is to lie under another. */
export function NewTeamPanel({
  under: above,
  me,
  teams,
  say,
  onAdded,
  onClose,
}: Props & { under: number; onAdded: (team: number) => void }) {
  const { t } = useTranslation(["people", "ui"]);
  const prefix = useId();
  const { draft, put, drop } = useDraft<Draft>(`daylight-team-${me}-new`, EMPTY);
  const [add, { isLoading }] = useAddTeamMutation();
  const [mistakes, setMistakes] = useState<Mistakes>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const typed = { name: draft.name ?? "", parent: draft.parent ?? above };

  async function submit(event: FormEvent) {
    event.preventDefault();
    setMistakes({});
    setProblem(null);
    if (typed.name.trim() === "") {
      setMistakes({ name: t("teams.nameMissing") });
      focusOn(`${prefix}-name`);
      return;
    }
    const { data, error } = await add(typed);
    if (data) {
      drop();
      say({ words: t("done.teamAdded", { name: typed.name }) });
      onAdded(data.id);
      return;
    }
    const refused = error as Problem;
    const field = fieldOf(refused, FIELDS);
    if (field) {
      setMistakes({ [field]: wordsOf(refused) });
      focusOn(`${prefix}-${field}`);
    } else {
      setProblem(refused);
    }
  }

  return (
    <Beside title={t("teams.new")} onClose={onClose}>
      <form className={css.form} noValidate onSubmit={submit}>
        {problem && <ProblemNote problem={within(t("failed.save"), problem)} kept={t("ui:kept.typed")} />}
        <TeamFields prefix={prefix} typed={typed} put={put} mistakes={mistakes} places={options(teams)} />
        <div className={css.actions}>
          <Button type="submit" variant="contained" color="primary" disabled={isLoading}>
            {t(isLoading ? "person.saving" : "person.addIt")}
          </Button>
          {draft.name && <Button onClick={drop}>{t("person.discard")}</Button>}
          {draft.name && <p className={css.note}>{t("person.draft")}</p>}
        </div>
      </form>
    </Beside>
  );
}

interface FieldsProps {
  prefix: string;
  typed: { name: string; parent: number | null };
  put: (change: Draft) => void;
  mistakes: Mistakes;
  theirs?: Mistakes;
  /** Where it may lie; `null`: it stays where it is. */
  places: [string, string][] | null;
}

function TeamFields({ prefix, typed, put, mistakes, theirs = {}, places }: FieldsProps) {
  const { t } = useTranslation("people");
  const name = { error: mistakes.name, hint: theirs.name };
  const place = { error: mistakes.parent, hint: theirs.parent ?? t("teams.parentHint") };
  return (
    <>
      <Field id={`${prefix}-name`} label={t("teams.name")} {...name}>
        <OutlinedInput
          id={`${prefix}-name`}
          fullWidth
          autoComplete="off"
          value={typed.name}
          onChange={(event) => put({ name: event.target.value })}
          inputProps={{ ...described(`${prefix}-name`, name), maxLength: 200 }}
          error={mistakes.name !== undefined}
        />
      </Field>
      {places ? (
        <Field id={`${prefix}-parent`} label={t("teams.parent")} {...place}>
          <Choice
            id={`${prefix}-parent`}
            className={css.choice}
            value={String(typed.parent)}
            options={places}
            onChoose={(chosen) => put({ parent: Number(chosen) })}
            described={described(`${prefix}-parent`, place)}
          />
        </Field>
      ) : (
        <p className={css.note}>{t("teams.root")}</p>
      )}
    </>
  );
}
