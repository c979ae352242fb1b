import { useTranslation } from "react-i18next";
import { useDraft } from "../forms/draft";
import type { Problem } from "../http/request";
import { type Kind, useAskAboutMeMutation } from "./api";
import { FormDialog } from "./FormDialog";
import { WordsBox } from "./WordsBox";

const EMPTY = { wrong: "", wanted: "" };

/** Asks for something: of a correction what is wrong and what is right, of the others why, if somebody wants to say it. */
export function AskDialog({ kind, me, onClose }: { kind: Kind; me: number; onClose: () => void }) {
  const { t } = useTranslation("rights");
  const { draft, put, drop } = useDraft(`daylight-request-${me}-${kind}`, EMPTY);
  const [ask, { isLoading, error }] = useAskAboutMeMutation();
  const corrects = kind === "correct";
  async function go() {
    if (!(await ask({ kind, ...draft })).error) {
      drop();
      onClose();
    }
  }
  return (
    <FormDialog
      title={t(`asking.${kind}`)}
      go={t("asking.go")}
      ready={!corrects || (draft.wrong.trim() !== "" && draft.wanted.trim() !== "")}
      busy={isLoading}
      problem={error as Problem | undefined}
      onGo={go}
      onClose={onClose}
    >
      <p>{t(`asking.${kind}Words`)}</p>
      {corrects && (
        <WordsBox label={t("asking.wrong")} value={draft.wrong} autoFocus onType={(wrong) => put({ wrong })} />
      )}
      <WordsBox
        label={t(corrects ? "asking.right" : "asking.why")}
        value={draft.wanted}
        autoFocus={!corrects}
        onType={(wanted) => put({ wanted })}
      />
    </FormDialog>
  );
}
