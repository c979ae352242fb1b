import { useTranslation } from "react-i18next";
import { useDay } from "../day/useDay";
import { Beside } from "../ui/Beside";
import { type LiveFacts, PanelContent } from "./PanelContent";

export interface PersonPanelProps {
  person: number;
  onClose: () => void;
  live?: LiveFacts | undefined;
}

/** Somebody's day beside the wall. Each person that it is opened on is one look. */
export function PersonPanel(props: PersonPanelProps) {
  return <Opened key={props.person} {...props} />;
}

function Opened({ person, onClose, live }: PersonPanelProps) {
  const { t } = useTranslation("person");
  const picture = useDay(person);
  const { day, hidden, ask } = picture;
  return (
    <Beside
      title={day?.person.name ?? t(hidden ? "hidden.name" : ask ? "ask.title" : "loadingName")}
      about={day?.person.team?.name}
      person={person}
      onClose={onClose}
    >
      <PanelContent picture={picture} live={live} onClose={onClose} />
    </Beside>
  );
}
