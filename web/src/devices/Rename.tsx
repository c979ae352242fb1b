import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "../forms/draft";
import { described, Field } from "../forms/Field";
import form from "../forms/Form.module.css";
import { fieldOf, focusOn, wordsOf } from "../forms/mistakes";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { type DeviceDetail, useRenameDeviceMutation } from "./api";
import css from "./DevicePanel.module.css";

/** The name of a device. Another one can be taken back. */
export function Rename({ device }: { device: DeviceDetail }) {
  const { t } = useTranslation(["devices", "ui"]);
  const id = useId();
  const { draft, put, drop } = useDraft<{ name?: string }>(`daylight-device-${device.id}`, {});
  const [rename, { isLoading }] = useRenameDeviceMutation();
  const [before, setBefore] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const name = draft.name ?? device.name;
  const mistake = problem && fieldOf(problem, ["name"]) ? wordsOf(problem) : null;

  async function save(wanted: string, undoable: string | null) {
    setProblem(null);
    const { error } = await rename({ id: device.id, name: wanted });
    if (error) {
      setProblem(error as Problem);
      focusOn(id);
    } else {
      drop();
      setBefore(undoable);
    }
  }

  return (
    <form
      className={css.section}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (name !== device.name && !isLoading) {
          save(name, device.name);
        }
      }}
    >
      {problem && !mistake && <ProblemNote problem={problem} kept={t("ui:kept.typed")} />}
      <Field id={id} label={t("rename.name")} error={mistake}>
        <OutlinedInput
          id={id}
          fullWidth
          autoComplete="off"
          value={name}
          inputProps={described(id, { error: mistake })}
          onChange={(event) => put({ name: event.target.value })}
        />
      </Field>
      {name !== device.name && (
        <div className={form.actions}>
          <Button type="submit" variant="contained" color="primary" disabled={isLoading}>
            {t("rename.save")}
          </Button>
          <Button onClick={drop}>{t("ui:cancel")}</Button>
        </div>
      )}
      <div role="status">
        {before !== null && name === device.name && (
          <p className={css.said}>
            <span>{t("rename.done", { name: device.name })}</span>
            <Button disabled={isLoading} onClick={() => save(before, null)}>
              {t("rename.undo")}
            </Button>
          </p>
        )}
      </div>
    </form>
  );
}
