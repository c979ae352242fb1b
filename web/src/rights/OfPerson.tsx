import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/rights";
import form from "../forms/Form.module.css";
import { day } from "../ui/time";
import { type Act, useEverybodysRightsQuery } from "./api";
import { EraseDialog } from "./EraseDialog";
import { ReasonDialog } from "./ReasonDialog";
import { Said } from "./Said";

interface Props {
  person: number;
  name: string;
  /** It is who is signed in here: another admin has to do it. */
  self: boolean;
  onErased: () => void;
}

/** What an admin may do with somebody's data: keep it from being deleted, show it again, or erase it for good. */
export function OfPerson({ person, name, self, onErased }: Props) {
  const { t } = useTranslation("rights");
  const { data } = useEverybodysRightsQuery(false);
  const [open, setOpen] = useState<Act | "erase" | null>(null);
  const hold = data?.held.find((each) => each.person === person);
  const restricted = data?.restricted.find((each) => each.person === person);
  return (
    <>
      {hold && <Said className={form.note} as={t("person.held", { day: day(hold.since_at) })} words={hold.reason} />}
      {restricted && <p className={form.note}>{t("person.restricted", { day: day(restricted.since_at) })}</p>}
      {self && <p className={form.note}>{t("person.own")}</p>}
      <div className={form.actions}>
        {data && !self && (
          <Button onClick={() => setOpen(hold ? "hold/lift" : "hold")}>{t(hold ? "unhold.go" : "hold.go")}</Button>
        )}
        {restricted && !self && <Button onClick={() => setOpen("restriction/lift")}>{t("unrestrict.go")}</Button>}
        {!self && (
          <Button color="error" disabled={!data || hold !== undefined} onClick={() => setOpen("erase")}>
            {t("erasing.go")}
          </Button>
        )}
      </div>
      {open === "erase" && <EraseDialog person={person} name={name} onDone={onErased} onClose={() => setOpen(null)} />}
      {open && open !== "erase" && (
        <ReasonDialog act={open} person={person} name={name} onClose={() => setOpen(null)} />
      )}
    </>
  );
}
