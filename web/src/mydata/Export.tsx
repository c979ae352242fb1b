import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { download } from "../http/download";
import type { Problem } from "../http/request";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";

/** Everything that is held about me, in one file. */
export function Export() {
  const { t } = useTranslation("mydata");
  const [saving, setSaving] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  async function save() {
    setSaving(true);
    setProblem((await download("/api/me/export")) ?? null);
    setSaving(false);
  }

  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      <Button startIcon={<Icon name="download" />} disabled={saving} onClick={save}>
        {t(saving ? "export.saving" : "export.save")}
      </Button>
    </>
  );
}
