import Checkbox from "@mui/material/Checkbox";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { useMentionsQuery } from "./api";
import { Places } from "./Places";
import css from "./Rights.module.css";

interface Props {
  person: number;
  /** Whether the erasure takes the name out of what nobody can edit. */
  empty: boolean;
  onEmpty: (empty: boolean) => void;
}

/** Where the name of who is to be erased stands in what others wrote. */
export function Mentions({ person, empty, onEmpty }: Props) {
  const { t } = useTranslation("rights");
  const box = useId();
  const { currentData: data, error } = useMentionsQuery(person, { refetchOnMountOrArgChange: true });
  if (!data) {
    return <p role="status">{t(error ? "mentions.unknown" : "mentions.looking")}</p>;
  }
  const fixed = data.places.filter(({ links }) => links.length === 0);
  const texts = fixed.reduce((sum, { count }) => sum + count, 0);
  return (
    <>
      <p>{t(data.places.length > 0 ? "mentions.stand" : "mentions.none")}</p>
      {data.places.length > 0 && <Places places={data.places} />}
      {fixed.length < data.places.length && <p>{t("mentions.later")}</p>}
      {texts > 0 && (
        <label className={css.tick} htmlFor={box}>
          <Checkbox
            color="primary"
            checked={empty}
            onChange={(event) => onEmpty(event.target.checked)}
            slotProps={{ input: { id: box } }}
          />
          <span>{t("mentions.empty", { texts })}</span>
        </label>
      )}
      <p className={css.facts}>{t("mentions.audit")}</p>
    </>
  );
}
