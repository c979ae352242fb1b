import OutlinedInput from "@mui/material/OutlinedInput";
import { useId, useImperativeHandle, useState } from "react";
import { useTranslation } from "react-i18next";
import { described, Field } from "../forms/Field";
import { fieldOf, focusOn, wordsOf } from "../forms/mistakes";
import { ZoneBox } from "../forms/ZoneBox";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { clock, ownZone } from "../ui/time";
import { useNow } from "../ui/useNow";
import { useSaveOrganisationMutation } from "./api";
import { CHANGED, type StepProps } from "./step";

const NAME_MAX_CHARACTERS = 200;

/** What the organisation is called, and where it is. */
export function OrganisationStep({ ref, admin, draft, put, onChanged }: StepProps) {
  const { t } = useTranslation(["setup", "ui"]);
  const { organisation } = admin;
  const ids = { name: useId(), zone: useId() };
  const [errors, setErrors] = useState<{ name?: string; zone?: string }>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [saveOrganisation] = useSaveOrganisationMutation();
  const now = useNow(10_000);

  // Before anybody has chosen one, that of whoever sets up is the likeliest.
  const likely = organisation.set_up || organisation.zone !== "UTC" ? organisation.zone : ownZone();
  const name = draft.name ?? organisation.name;
  const zone = draft.zone ?? likely;
  const hint = {
    name: null,
    zone: [
      zone && t("organisation.zoneTime", { time: clock(now, zone) }),
      zone === ownZone() ? t("organisation.zoneBrowser") : t("organisation.zoneHint"),
    ]
      .filter(Boolean)
      .join(" · "),
  };

  function refuse(wrong: { name?: string; zone?: string }): boolean {
    setErrors(wrong);
    focusOn(wrong.name ? ids.name : ids.zone);
    return false;
  }

  useImperativeHandle(ref, () => ({
    async save() {
      setProblem(null);
      setErrors({});
      const wrong = {
        ...(name.trim() === "" && { name: t("organisation.nameMissing") }),
        ...(name.length > NAME_MAX_CHARACTERS && { name: t("organisation.nameLong") }),
        ...(zone === "" && { zone: t("organisation.zoneMissing") }),
      };
      if (wrong.name || wrong.zone) {
        return refuse(wrong);
      }
      if (name !== organisation.name || zone !== organisation.zone) {
        const { expected_min, version } = organisation;
        const { error } = await saveOrganisation({ name, zone, expected_min, version });
        if (error) {
          if ((error as Problem).status === CHANGED) {
            await onChanged();
          }
          const field = fieldOf(error as Problem, ["name", "zone"]);
          if (field) {
            return refuse({ [field]: wordsOf(error as Problem) });
          }
          setProblem(error as Problem);
          return false;
        }
        await onChanged();
      }
      put({ name: undefined, zone: undefined });
      return true;
    },
  }));

  return (
    <>
      {problem && <ProblemNote problem={problem} kept={t("ui:kept.typed")} />}
      <Field id={ids.name} label={t("organisation.name")} error={errors.name}>
        <OutlinedInput
          id={ids.name}
          name="organization"
          autoComplete="organization"
          fullWidth
          value={name}
          onChange={(event) => put({ name: event.target.value })}
          inputProps={described(ids.name, { error: errors.name })}
          error={Boolean(errors.name)}
        />
      </Field>
      <Field id={ids.zone} label={t("organisation.zone")} error={errors.zone} hint={hint.zone}>
        <ZoneBox
          none={t("organisation.zoneNone")}
          id={ids.zone}
          zone={zone}
          onZone={(chosen) => put({ zone: chosen })}
          described={described(ids.zone, { error: errors.zone, hint: hint.zone })}
        />
      </Field>
    </>
  );
}
