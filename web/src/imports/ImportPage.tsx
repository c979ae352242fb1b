import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import "../i18n/en/imports";
import type { Problem } from "../http/request";
import { Bar } from "../ui/Bar";
import { ProblemNote } from "../ui/ProblemNote";
import { SHOWN, type Show, usePreviewQuery } from "./api";
import { Done } from "./Done";
import { DropFile } from "./DropFile";
import css from "./ImportPage.module.css";
import { Preview } from "./Preview";

/** A file of people: chosen, looked at row by row, carried out. Which one, and what is shown of it, is in the address. */
export function ImportPage() {
  const { t } = useTranslation("imports");
  const [params, setParams] = useSearchParams();
  const id = params.get("id");

  return (
    <>
      <Bar title={t("title")} />
      <main className={css.page}>
        {id ? (
          <Kept id={id} key={id} onAnother={() => setParams({})} />
        ) : (
          <DropFile onRead={(read) => setParams({ id: read })} />
        )}
      </main>
    </>
  );
}

/** What the hub keeps of a file that was uploaded. */
function Kept({ id, onAnother }: { id: string; onAnother: () => void }) {
  const { t } = useTranslation(["imports", "ui"]);
  const [params, setParams] = useSearchParams();
  const show = SHOWN.find((known) => known === params.get("show")) ?? "all";
  const page = Math.max(1, Number.parseInt(params.get("page") ?? "1", 10) || 1);
  const { data, currentData, error, refetch } = usePreviewQuery(
    { id, show, page },
    { refetchOnMountOrArgChange: true, pollingInterval: 0 },
  );
  const problem = error as Problem | undefined;

  function put(next: Show, nextPage: number) {
    setParams({ id, ...(next !== "all" && { show: next }), ...(nextPage > 1 && { page: String(nextPage) }) });
  }

  if (problem && (problem.status === 404 || problem.status === 400)) {
    return (
      <>
        <ProblemNote problem={{ title: t("gone.title"), detail: t("gone.words") }} />
        <DropFile onRead={(read) => setParams({ id: read })} />
      </>
    );
  }
  return (
    <>
      {problem && (
        <ProblemNote
          problem={problem}
          kept={data && t("ui:kept.shown")}
          action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>}
        />
      )}
      {!data && !problem && <div className={css.skeleton} role="status" aria-label={t("loading")} />}
      {data?.result && <Done result={data.result} onAnother={onAnother} />}
      {data && !data.result && (
        <Preview preview={data} show={show} late={data !== currentData} onShow={put} onAnother={onAnother} />
      )}
    </>
  );
}
