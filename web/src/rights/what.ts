import type { useTranslation } from "react-i18next";
import { day } from "../ui/time";
import type { Request } from "./api";

/** What somebody asks for, in words; of an erasure also which days, if not everything. */
export function what(
  { kind, first_on, last_on }: Pick<Request, "kind" | "first_on" | "last_on">,
  t: ReturnType<typeof useTranslation<"rights">>["t"],
): string {
  const days = daysOf({ first_on, last_on });
  return days ? t("kind.eraseDays", { days }) : t(`kind.${kind}`);
}

/** `4 May 2026`, or `4 May 2026 – 6 May 2026`; null where no days are named. */
export function daysOf({ first_on, last_on }: Pick<Request, "first_on" | "last_on">): string | null {
  if (!first_on || !last_on) {
    return null;
  }
  const [first, last] = [day(`${first_on}T12:00`), day(`${last_on}T12:00`)];
  return first === last ? first : `${first} – ${last}`;
}
