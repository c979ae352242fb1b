import Button from "@mui/material/Button";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { FindBox } from "../forms/FindBox";
import type { Problem } from "../http/request";
import { useHints } from "../ui/commands";
import { Empty } from "../ui/Empty";
import { Icon } from "../ui/Icon";
import { Pages } from "../ui/Pages";
import { ProblemNote } from "../ui/ProblemNote";
import { Toggles } from "../ui/Toggles";
import { useNow } from "../ui/useNow";
import css from "./AllDevices.module.css";
import { type OwnedDevice, STATES, useAllDevicesQuery } from "./api";
import { DeviceTable } from "./DeviceTable";
import { Download } from "./Download";
import { useFilter } from "./useFilter";

const REFRESH_MS = 15_000;

interface Props {
  demo: boolean;
  opened: string | null;
  onOpen: (id: string) => void;
  onRollOut: () => void;
  onEnrol: () => void;
  onRevoke: (device: OwnedDevice) => void;
}

/** Everybody's devices, for admins: which are silent, and whose is which. */
export function AllDevices({ demo, opened, onOpen, onRollOut, onEnrol, onRevoke }: Props) {
  const { t } = useTranslation(["devices", "ui"]);
  const { view, put } = useFilter();
  const now = useNow(10_000);
  const { data, currentData, error, refetch } = useAllDevicesQuery(view, {
    pollingInterval: REFRESH_MS,
    refetchOnMountOrArgChange: true,
  });
  const filtered = view.find !== "" || view.state !== "all";
  const last = data ? Math.max(1, Math.ceil(data.total / data.per_page)) : null;
  const beyond = currentData !== undefined && last !== null && view.page > last;

  useHints(
    useMemo(() => {
      const where = t("all.keys.where");
      return [
        { where, title: t("all.keys.move"), keys: ["↑", "↓"] },
        { where, title: t("all.keys.ends"), keys: ["Home", "End"] },
        { where, title: t("all.keys.empty"), keys: ["Esc"] },
      ];
    }, [t]),
  );

  // A link to a page that has gone leads to the last that is there.
  useEffect(() => {
    if (beyond) {
      put({ page: last }, "replacing");
    }
  }, [beyond, last, put]);

  return (
    <>
      <div className={css.tools}>
        <FindBox label={t("all.find")} text={view.find} onText={(find) => put({ find })} />
        <Toggles
          label={t("all.states")}
          value={view.state}
          options={STATES.map((value) => ({
            value,
            word: t(`all.state.${value}`),
            title: t(`all.meaning.${value}`),
          }))}
          onChoose={(state) => put({ state })}
        />
        <span className={css.grow} />
        <Download filter={view} />
        <Button onClick={onRollOut}>{t("rollOut.title")}</Button>
      </div>
      {(["missing", "suspended"] as const).map(
        (state) =>
          (data?.[state] ?? 0) > 0 &&
          view.state !== state && (
            <p key={state} className={css.look} role="status">
              <Icon name="attention" size={16} />
              <span>{t(`all.look.${state}`, { count: data?.[state] ?? 0 })}</span>
              <Button variant="text" onClick={() => put({ state, find: "" })}>
                {t("all.look.show")}
              </Button>
            </p>
          ),
      )}
      {error && (
        <ProblemNote
          problem={error as Problem}
          kept={data && t("ui:kept.shown")}
          action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>}
        />
      )}
      {!data && !error && <div className={css.skeleton} role="status" aria-label={t("all.loading")} />}
      {data && data.total > 0 && (
        <div className={data === currentData ? undefined : css.late}>
          <DeviceTable
            devices={data.devices}
            now={now}
            tagged={!demo}
            opened={opened}
            onOpen={onOpen}
            onRevoke={onRevoke}
          />
          <Pages
            page={data.page}
            per_page={data.per_page}
            total={data.total}
            count={data.devices.length}
            onPage={(page) => put({ page })}
          />
        </div>
      )}
      {data?.total === 0 && filtered && (
        <Empty
          icon={view.state === "silent" ? "check" : "search"}
          title={view.find ? t("all.none.title") : t(`all.none.${view.state === "all" ? "title" : view.state}`)}
          action={<Button onClick={() => put({ find: "", state: "all" })}>{t("all.none.all")}</Button>}
        >
          {view.find ? t("all.none.words") : t(`all.meaning.${view.state}`)}
        </Empty>
      )}
      {data?.total === 0 && !filtered && (
        <Empty
          icon="screen"
          title={t("all.empty.title")}
          action={
            <Button variant="contained" color="primary" startIcon={<Icon name="plus" />} onClick={onEnrol}>
              {t("all.empty.enrol")}
            </Button>
          }
        >
          {t("all.empty.words")}
        </Empty>
      )}
    </>
  );
}
