import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import css from "../forms/Form.module.css";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { dayAndClock } from "../ui/time";
import type { Said } from "./acts";
import { type Profile, useGiveLinkMutation, useLinkOfQuery, useWithdrawLinksMutation } from "./api";

/** The link by which somebody sets a password: sent, shown, or taken back. */
export function LinkOf({ person, say }: { person: Profile; say: (said: Said) => void }) {
  const { t } = useTranslation(["people", "ui"]);
  const { id, name, email } = person;
  const { data: link, error, refetch } = useLinkOfQuery(id, { refetchOnMountOrArgChange: true });
  const [give, giving] = useGiveLinkMutation();
  const [withdraw, withdrawing] = useWithdrawLinksMutation();
  if (!link) {
    return error ? (
      <ProblemNote problem={error as Problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />
    ) : null;
  }
  const { purpose, by_mail, expires_at, mail } = link;
  const what = purpose === "reset" && !person.ways.includes("password") ? "password" : purpose;
  const waits = mail?.state === "queued";

  async function takeBack(): Promise<Problem | null> {
    return ((await withdraw([id])).error as Problem | undefined) ?? null;
  }
  async function giveIt() {
    const { data, error: refused } = await give(id);
    if (!data) {
      say({ words: t("failed.link"), problem: refused as Problem });
      return;
    }
    const links = data.url === null ? [] : [{ person: id, name, email, url: data.url }];
    say({ words: t(links.length > 0 ? "done.link" : "done.mailed", { name }), links, undo: takeBack });
  }
  async function withdrawIt() {
    const problem = await takeBack();
    say(problem ? { words: t("failed.link"), problem } : { words: t("done.withdrawn", { name }) });
  }

  return (
    <>
      {mail && mail.state !== "void" && (
        <p className={css.note}>
          {t(`link.${mail.state}`, { at: dayAndClock(mail.queued_at) })}
          {mail.error && ` (${mail.error})`}
        </p>
      )}
      {expires_at && <p className={css.note}>{t("link.open", { at: dayAndClock(expires_at) })}</p>}
      <div className={css.actions}>
        <Button disabled={giving.isLoading} onClick={giveIt}>
          {t(`link.${what}${by_mail ? "Mail" : ""}`)}
        </Button>
        {(expires_at || waits) && (
          <Button disabled={withdrawing.isLoading} onClick={withdrawIt}>
            {t("link.withdraw")}
          </Button>
        )}
      </div>
    </>
  );
}
