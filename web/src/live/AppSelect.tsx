import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Board } from "./board";
import { compareNames } from "./names";
import { Select } from "./Select";

const APPS_MAX = 60;

interface Props {
  board: Board;
  chosen: string | null;
  onChoose: (app: string | null) => void;
}

/** Filters by an app or site: those that are used now, gathered when somebody comes near. */
export function AppSelect({ board, chosen, onChoose }: Props) {
  const { t } = useTranslation("live");
  const [apps, setApps] = useState<string[]>([]);
  const options = chosen !== null && !apps.includes(chosen) ? [chosen, ...apps] : apps;
  return (
    <Select
      label={t("filter.app")}
      value={chosen ?? ""}
      options={[["", t("filter.allApps")], ...options.map((app): [string, string] => [app, app])]}
      onChoose={(app) => onChoose(app || null)}
      onNear={() => setApps(usedNow(board))}
    />
  );
}

/** Those that most people use, by name. */
function usedNow(board: Board): string[] {
  const used = new Map<string, number>();
  for (const { tile } of board.people.values()) {
    for (const app of [tile.facts?.app, tile.facts?.site]) {
      if (app) {
        used.set(app, (used.get(app) ?? 0) + 1);
      }
    }
  }
  return [...used]
    .sort(([, one], [, other]) => other - one)
    .slice(0, APPS_MAX)
    .map(([app]) => app)
    .sort(compareNames);
}
