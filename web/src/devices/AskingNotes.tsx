import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import css from "./AskingNotes.module.css";
import { useAskingQuery } from "./api";

const REFRESH_MS = 5_000;

/** Computers that ask me, and nobody else, whether they are mine. */
export function AskingNotes({ onApprove }: { onApprove: (confirmation: string) => void }) {
  const { t } = useTranslation("devices");
  const { data: asking = [] } = useAskingQuery(undefined, {
    pollingInterval: REFRESH_MS,
    refetchOnMountOrArgChange: true,
  });
  return (
    <div role="status" className={css.notes}>
      {asking.map(({ id, name, confirmation }) => (
        <div key={id} className={css.note}>
          <Icon name="screen" size={20} className={css.icon} />
          <p>{t("approving.note", { name, code: confirmation })}</p>
          <Button variant="contained" color="primary" onClick={() => onApprove(confirmation)}>
            {t("approving.look")}
          </Button>
        </div>
      ))}
    </div>
  );
}
