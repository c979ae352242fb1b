import { useTranslation } from "react-i18next";
import { clock, written } from "../ui/time";

interface Props {
  ms: number;
  /** The zone of the person whose time it is. */
  zone: string;
  /** To the second: for stretches that a minute would make nothing of. */
  exact?: boolean;
}

/** A time of the day in the viewer's zone; the person's own on hover, where it differs. */
export function Clock({ ms, zone, exact = false }: Props) {
  const { t } = useTranslation("person");
  const theirs = clock(ms, zone);
  return (
    <time
      dateTime={new Date(ms).toISOString()}
      title={theirs === clock(ms) ? undefined : t("there", { time: theirs, zone })}
    >
      {clockOf(ms, exact)}
    </time>
  );
}

export function clockOf(ms: number, exact: boolean): string {
  return exact ? written(ms, { hour: "2-digit", minute: "2-digit", second: "2-digit" }) : clock(ms);
}
