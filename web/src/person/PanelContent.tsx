import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import { CollectedNote } from "../day/CollectedNote";
import { DaySections, Section } from "../day/DaySections";
import { Devices } from "../day/Devices";
import { hasLeft } from "../day/hour";
import { KeptNote } from "../day/KeptNote";
import type { DayPicture } from "../day/useDay";
import { Empty } from "../ui/Empty";
import { useNow } from "../ui/useNow";
import { AskReason } from "./AskReason";
import { LedgerLine } from "./LedgerLine";
import { type LiveFacts, LiveLine } from "./LiveLine";
import css from "./PersonPanel.module.css";

export type { LiveFacts };

interface Props {
  picture: DayPicture;
  live: LiveFacts | undefined;
  onClose: () => void;
}

export function PanelContent({ picture, live, onClose }: Props) {
  const { t } = useTranslation("person");
  const now = useNow(10_000);
  const { day, problem, hidden, ask } = picture;
  const connected = live && !live.stale ? live.state !== "offline" : undefined;
  return (
    <>
      {hidden && (
        <Empty icon="private" title={t("hidden.title")} action={<Button onClick={onClose}>{t("hidden.back")}</Button>}>
          {t("hidden.words")}
        </Empty>
      )}
      {ask && <AskReason onGiven={ask} />}
      {problem && !hidden && !ask && (
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
    </>
  );
}

function Skeleton() {
  const { t } = useTranslation("person");
  return (
    <div className={css.skeleton} role="status" aria-label={t("loading")}>
      {[20, 36, 96, 72, 140, 160].map((height) => (
        <div key={height} style={{ blockSize: height }} />
      ))}
    </div>
  );
}
