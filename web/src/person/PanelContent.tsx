import Button from "@mui/material/Button";
import IconButton from "@mui/material/IconButton";
import type { Ref } from "react";
import { useTranslation } from "react-i18next";
import { CollectedNote } from "../day/CollectedNote";
import { DaySections, Section } from "../day/DaySections";
import { Devices } from "../day/Devices";
import { hasLeft } from "../day/hour";
import { KeptNote } from "../day/KeptNote";
import type { DayPicture } from "../day/useDay";
import { Empty } from "../ui/Empty";
import { Icon } from "../ui/Icon";
import { useNow } from "../ui/useNow";
import { LedgerLine } from "./LedgerLine";
import { type LiveFacts, LiveLine } from "./LiveLine";
import css from "./PersonPanel.module.css";

export type { LiveFacts };

interface Props {
  picture: DayPicture;
  live: LiveFacts | undefined;
  onClose: () => void;
  /** Id of the heading. */
  title: string;
  heading: Ref<HTMLHeadingElement>;
}

export function PanelContent({ picture, live, onClose, title, heading }: Props) {
  const { t } = useTranslation(["person", "ui"]);
  const now = useNow(10_000);
  const { day, problem, hidden } = picture;
  const connected = live && !live.stale ? live.state !== "offline" : undefined;
  return (
    <div className={css.content}>
      <header className={css.head}>
        <div className={css.who}>
          <h2 ref={heading} id={title} tabIndex={-1} className={css.name}>
            {day?.person.name ?? t(hidden ? "hidden.name" : "loadingName")}
          </h2>
          {day?.person.team && <p className={css.team}>{day.person.team.name}</p>}
        </div>
        <IconButton aria-label={t("ui:close")} onClick={onClose}>
          <Icon name="close" />
        </IconButton>
      </header>
      {hidden && (
        <Empty icon="private" title={t("hidden.title")} action={<Button onClick={onClose}>{t("hidden.back")}</Button>}>
          {t("hidden.words")}
        </Empty>
      )}
      {problem && !hidden && (
        <div className={css.problem}>
          <KeptNote picture={picture} now={now} />
        </div>
      )}
      {!day && !problem && <Skeleton />}
      {day && (
        <>
          <LiveLine day={day} live={live} />
          <LedgerLine day={day} />
          <div className={css.sections}>
            <DaySections day={day} connected={connected} />
            {!hasLeft(day) && (
              <Section title={t("devices.title")}>
                <Devices devices={day.devices} now={now + picture.hubAheadMs} />
              </Section>
            )}
            <Section title={t("collected.title")}>
              <CollectedNote collected={day.collected} />
            </Section>
          </div>
        </>
      )}
    </div>
  );
}

function Skeleton() {
  const { t } = useTranslation(["person", "ui"]);
  return (
    <div className={css.skeleton} role="status" aria-label={t("loading")}>
      {[20, 36, 96, 72, 140, 160].map((height) => (
        <div key={height} style={{ blockSize: height }} />
      ))}
    </div>
  );
}
