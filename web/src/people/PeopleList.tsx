import Button from "@mui/material/Button";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Choice } from "../forms/Choice";
import { FindBox } from "../forms/FindBox";
import type { Problem } from "../http/request";
import { useCommands, useHints } from "../ui/commands";
import { Empty } from "../ui/Empty";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { Toggles } from "../ui/Toggles";
import { number } from "../ui/time";
import { counted, type useActs } from "./acts";
import { type Person, ROLE_FILTERS, STATES, type Team, usePeopleInfiniteQuery } from "./api";
import { Bulk } from "./Bulk";
import { Download } from "./Download";
import css from "./PeopleList.module.css";
import { PeopleTable } from "./PeopleTable";
import { options } from "./tree";
import type { View } from "./useView";

interface Props {
  view: View;
  put: (change: Partial<View>) => void;
  teams: Team[];
  acts: ReturnType<typeof useActs>;
  demo: boolean;
}

/** Everybody who is here, as the filters let them through. */
export function PeopleList({ view, put, teams, acts, demo }: Props) {
  const { t } = useTranslation(["people", "ui"]);
  const { find, team, role, state } = view;
  const filter = useMemo(() => ({ find, team, role, state }), [find, team, role, state]);
  const { data, currentData, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = usePeopleInfiniteQuery(
    filter,
    { refetchOnMountOrArgChange: true },
  );
  const [selected, setSelected] = useState<ReadonlyMap<number, Person>>(new Map());
  const people = useMemo(() => data?.pages.flatMap((page) => page.people) ?? [], [data]);
  const first = data?.pages[0];
  const total = first
    ? {
        active: first.active,
        new: first.new,
        deactivated: first.deactivated,
        all: first.active + first.deactivated,
      }
    : null;
  const filtered = find !== "" || team !== null || role !== "any" || state !== "active";
  const everybodyIn = state === "new" && find === "" && team === null && role === "any";
  const add = () => put({ person: "new" });

  // Nobody is acted on who isn't shown.
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each filter anew
  useEffect(() => setSelected(new Map()), [filter]);
  useCommands([{ id: "people/add", group: "action", title: t("add"), icon: "plus", keys: "n", run: add }]);
  useHints(
    useMemo(() => {
      const where = t("keys.where");
      return [
        { where, title: t("keys.move"), keys: ["↑", "↓"] },
        { where, title: t("keys.open"), keys: ["Enter"] },
        { where, title: t("keys.select"), keys: ["Space"] },
      ];
    }, [t]),
  );

  function select(chosen: Person[], on: boolean) {
    setSelected((before) => {
      const next = new Map(before);
      for (const person of chosen) {
        if (on) {
          next.set(person.id, person);
        } else {
          next.delete(person.id);
        }
      }
      return next;
    });
  }

  return (
    <>
      <div className={css.tools}>
        <FindBox label={t("find")} text={find} onText={(next) => put({ find: next })} />
        <Choice
          className={css.filter}
          label={t("team")}
          value={team === null ? "" : String(team)}
          options={[["", t("anyTeam")], ["0", t("noTeam")], ...options(teams)]}
          onChoose={(chosen) => put({ team: chosen === "" ? null : Number(chosen) })}
        />
        <Choice
          className={css.filter}
          label={t("role")}
          value={role}
          options={ROLE_FILTERS.map((each) => [each, t(`roles.${each}`)] as const)}
          onChoose={(chosen) => put({ role: chosen })}
        />
        <Toggles
          label={t("states")}
          value={state}
          options={STATES.map((each) => ({
            value: each,
            word: t(`state.${each}`),
            figure: total && number(total[each]),
          }))}
          onChoose={(chosen) => put({ state: chosen })}
        />
        <div className={css.acts}>
          {people.length > 0 && <Download filter={filter} teams={teams} />}
          <Button component={Link} to="/people/import">
            {t("import")}
          </Button>
          <Button variant="contained" color="primary" startIcon={<Icon name="plus" />} onClick={add}>
            {t("add")}
          </Button>
        </div>
      </div>
      <span className="sr" role="status">
        {selected.size > 0 && t("selected", { count: selected.size })}
      </span>
      {selected.size > 0 && (
        <Bulk people={[...selected.values()]} teams={teams} acts={acts} onDone={() => setSelected(new Map())} />
      )}
      {error && (
        <ProblemNote
          problem={error as Problem}
          kept={data && t("ui:kept.shown")}
          action={<Button onClick={() => refetch()}>{t("ui:tryAgain")}</Button>}
        />
      )}
      {!data && !error && <div className={css.skeleton} role="status" aria-label={t("loading")} />}
      {people.length > 0 && (
        <div className={data === currentData ? undefined : css.late}>
          <PeopleTable
            people={people}
            selected={selected}
            onSelect={select}
            open={view.person}
            onOpen={(person) => put({ person })}
            tagged={!demo}
          />
          <div className={css.foot}>
            <span role="status">{total && t("shown", counted(people.length, total[state]))}</span>
            {hasNextPage && (
              <Button disabled={isFetchingNextPage} onClick={() => fetchNextPage()}>
                {t(isFetchingNextPage ? "moreLoading" : "more")}
              </Button>
            )}
          </div>
          {!filtered && total?.all === 1 && (
            <Empty icon="people" title={t("empty.title")} action={<Button onClick={add}>{t("add")}</Button>}>
              {t("empty.words")}
            </Empty>
          )}
        </div>
      )}
      {data && people.length === 0 && (
        <Empty
          icon="search"
          title={t(everybodyIn ? "none.allIn" : "none.title")}
          action={
            <Button onClick={() => put({ find: "", team: null, role: "any", state: "active" })}>{t("none.all")}</Button>
          }
        >
          {t(everybodyIn ? "none.allInWords" : "none.words")}
        </Empty>
      )}
    </>
  );
}
