import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { HeldRole } from "./api";

/** A role in words: `Manager of Payments`. */
export function useRoleWord(): (held: HeldRole) => string {
  const { t } = useTranslation("people");
  return useCallback(({ role, team }) => (team ? t("roles.managerOf", { team: team.name }) : t(`roles.${role}`)), [t]);
}
