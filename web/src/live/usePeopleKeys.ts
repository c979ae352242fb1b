import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useHints } from "../ui/commands";

/** Tells of the keys that are heard among people: `useReach`, `useCells`, `useAppFilter`, `useEscape`. */
export function usePeopleKeys(): void {
  const { t } = useTranslation("live");
  useHints(
    useMemo(() => {
      const where = t("keys.where");
      return [
        { where, title: t("keys.move"), keys: ["←", "↑", "↓", "→"] },
        { where, title: t("keys.ends"), keys: ["Home", "End"] },
        { where, title: t("keys.open"), keys: ["Enter"] },
        { where, title: t("keys.app"), keys: ["A"] },
        { where, title: t("keys.name"), keys: ["A–Z"] },
        { where, title: t("keys.back"), keys: ["Esc"] },
      ];
    }, [t]),
  );
}
