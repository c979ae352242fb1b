import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import { ProblemNote } from "../ui/ProblemNote";
import { clock, span } from "../ui/time";
import type { DayPicture } from "./useDay";

/** A day that could not be read, or not anew: why, and how old what is shown is. */
export function KeptNote({ picture: { day, atMs, problem, again }, now }: { picture: DayPicture; now: number }) {
  const { t } = useTranslation(["person", "ui"]);
  if (!problem) {
    return null;
  }
  return (
    <ProblemNote
      problem={problem}
      kept={day ? t("kept", { time: clock(day.read_at), span: span((now - atMs) / 1000) }) : undefined}
      action={<Button onClick={again}>{t("ui:tryAgain")}</Button>}
    />
  );
}
