import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote, within } from "../ui/ProblemNote";
import { NameForm } from "./NameForm";
import css from "./SavedViews.module.css";
import {
  type SavedView,
  useDeleteViewMutation,
  useRenameViewMutation,
  useSaveViewMutation,
  useViewsQuery,
} from "./saved";
import { ToolPopover } from "./ToolPopover";
import { queryOf } from "./view";

/** One's saved views: open, rename, delete (and take that back), and keep the present one under a name. */
export function SavedViews({ anchor, onClose }: { anchor: HTMLElement; onClose: () => void }) {
  const { t } = useTranslation(["live", "ui"]);
  const [params, setParams] = useSearchParams();
  const { data: views, error, refetch } = useViewsQuery();
  const [save, saving] = useSaveViewMutation();
  const [rename] = useRenameViewMutation();
  const [remove] = useDeleteViewMutation();
  const [renamed, setRenamed] = useState<number | null>(null);
  const [deleted, setDeleted] = useState<SavedView | null>(null);
  const [failed, setFailed] = useState<{ title: string; problem: Problem; kept: string } | null>(null);
  const present = queryOf(params);

  function open(view: SavedView) {
    setParams(new URLSearchParams(view.query));
    onClose();
  }
  async function take(view: SavedView) {
    const answer = await remove(view);
    if ("error" in answer) {
      setFailed({
        title: t("views.notDeleted", { name: view.name }),
        problem: answer.error as Problem,
        kept: t("ui:kept.shown"),
      });
    } else {
      setFailed(null);
      setDeleted(view);
    }
  }
  async function takeBack({ name, query }: SavedView) {
    const answer = await save({ name, query });
    if ("error" in answer) {
      setFailed({
        title: t("views.notBack", { name }),
        problem: answer.error as Problem,
        kept: t("views.backKept"),
      });
    } else {
      setFailed(null);
      setDeleted(null);
    }
  }

  return (
    <ToolPopover anchor={anchor} title={t("views.title")} onClose={onClose}>
      {error !== undefined && !views && (
        <div className={css.failed}>
          <ProblemNote
            problem={within(t("views.notRead"), error as Problem)}
            action={<Button onClick={() => refetch()}>{t("ui:tryAgain")}</Button>}
          />
        </div>
      )}
      {failed && (
        <div className={css.failed}>
          <ProblemNote problem={within(failed.title, failed.problem)} kept={failed.kept} />
        </div>
      )}
      {views?.length === 0 && !deleted && <p className={css.none}>{t("views.none")}</p>}
      {views && views.length > 0 && (
        <ul className={css.list}>
          {views.map((view) =>
            view.id === renamed ? (
              <li key={view.id} className={css.edited}>
                <NameForm
                  label={t("views.name")}
                  name={view.name}
                  action={t("views.rename")}
                  onName={async (name) => {
                    const answer = await rename({ ...view, name });
                    if ("error" in answer) {
                      return answer.error as Problem;
                    }
                    setRenamed(null);
                    return null;
                  }}
                  onCancel={() => setRenamed(null)}
                />
              </li>
            ) : (
              <li key={view.id} className={css.view}>
                <button
                  type="button"
                  className={css.open}
                  aria-current={view.query === present || undefined}
                  onClick={() => open(view)}
                >
                  {view.name}
                </button>
                <button
                  type="button"
                  className={css.act}
                  aria-label={t("views.renameOf", { name: view.name })}
                  title={t("views.rename")}
                  onClick={() => setRenamed(view.id)}
                >
                  <Icon name="edit" size={14} />
                </button>
                <button
                  type="button"
                  className={css.act}
                  aria-label={t("views.deleteOf", { name: view.name })}
                  title={t("views.delete")}
                  onClick={() => take(view)}
                >
                  <Icon name="bin" size={14} />
                </button>
              </li>
            ),
          )}
        </ul>
      )}
      {deleted && (
        <p className={css.deleted} role="status">
          <span>{t("views.deleted", { name: deleted.name })}</span>
          <Button onClick={() => takeBack(deleted)} disabled={saving.isLoading}>
            {t("views.undo")}
          </Button>
        </p>
      )}
      <div className={css.save}>
        <NameForm
          label={t("views.saveThis")}
          name=""
          action={t("views.save")}
          onName={async (name) => {
            const answer = await save({ name, query: present });
            return "error" in answer ? (answer.error as Problem) : null;
          }}
        />
      </div>
    </ToolPopover>
  );
}
