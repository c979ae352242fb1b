import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import "../i18n/en/audit";
import { Choice } from "../forms/Choice";
import { FindBox } from "../forms/FindBox";
import type { Problem } from "../http/request";
import { Bar } from "../ui/Bar";
import { Empty } from "../ui/Empty";
import { ProblemNote } from "../ui/ProblemNote";
import { ownZone } from "../ui/time";
import css from "./AuditPage.module.css";
import { KINDS, useAuditInfiniteQuery } from "./api";
import { ChainNote } from "./ChainNote";
import { Download } from "./Download";
import { EntryLine } from "./EntryLine";
import { useFilter } from "./useFilter";

const REFRESH_MS = 30_000;
const NOTHING = { kind: "all", find: "", person: null, from: "", to: "" } as const;

/** Who did what and who looked at whom, for auditors and representatives; and whether anybody changed it since. */
export function AuditPage() {
  const { t } = useTranslation(["audit", "ui"]);
  const { filter, filtered, put } = useFilter();
  const { data, currentData, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useAuditInfiniteQuery(
    filter,
    { pollingInterval: REFRESH_MS, refetchOnMountOrArgChange: true },
  );
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  const one = filter.person === null ? undefined : personIn(entries, filter.person);
  return (
    <>
      <Bar title={t("title")} />
      <main className={css.page}>
        <ChainNote />
        <div className={css.tools} role="search" aria-label={t("filter")}>
          <FindBox label={t("find")} text={filter.find} onText={(find) => put({ find })} />
          <Choice
            label={t("kinds")}
            value={filter.kind}
            options={KINDS.map((kind) => [kind, t(`kind.${kind}`)] as const)}
            onChoose={(kind) => put({ kind })}
          />
          {(["from", "to"] as const).map((end) => (
            <label key={end} className={css.day}>
              {t(end)}
              <input type="date" value={filter[end]} onChange={(event) => put({ [end]: event.target.value })} />
            </label>
          ))}
          {filter.person !== null && (
            <button type="button" className={css.chip} onClick={() => put({ person: null })}>
              {t("onlyOf", { name: one ?? `${filter.person}` })} <span aria-hidden>×</span>
            </button>
          )}
          <Download filter={filter} />
          <span className={css.zone}>{t("zone", { zone: ownZone() })}</span>
        </div>
        {error && (
          <ProblemNote
            problem={error as Problem}
            kept={data && t("ui:kept.shown")}
            action={<Button onClick={() => refetch()}>{t("ui:tryAgain")}</Button>}
          />
        )}
        {!data && !error && <div className={css.skeleton} role="status" aria-label={t("loading")} />}
        {entries.length > 0 && (
          <ul aria-label={t("list")} className={css.list} data-late={data !== currentData || undefined}>
            {entries.map((entry) => (
              <EntryLine key={entry.id} entry={entry} onPerson={(person) => put({ person })} />
            ))}
          </ul>
        )}
        {data && entries.length === 0 && (
          <Empty
            icon="search"
            title={t("none.title")}
            action={filtered && <Button onClick={() => put(NOTHING)}>{t("none.all")}</Button>}
          >
            {t(filtered ? "none.filtered" : "none.words")}
          </Empty>
        )}
        {hasNextPage && (
          <Button className={css.older ?? ""} onClick={() => fetchNextPage()} disabled={isFetchingNextPage}>
            {t("older")}
          </Button>
        )}
      </main>
    </>
  );
}

type Entries = Parameters<typeof EntryLine>[0]["entry"][];

function personIn(entries: Entries, person: number): string | undefined {
  const named = entries.flatMap(({ by, about }) => [by, about]).find((each) => each?.id === person);
  return named?.name || undefined;
}
