import { Trans, useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { ByNameDialog } from "../ui/ByNameDialog";
import { useErasePersonMutation } from "./api";
import { WhatGoes } from "./WhatGoes";

interface Props {
  person: number;
  name: string;
  onDone: () => void;
  onClose: () => void;
}

/** Erases somebody for good, without a request of theirs. */
export function EraseDialog({ person, name, onDone, onClose }: Props) {
  const { t } = useTranslation("rights");
  const [erase, { isLoading, error }] = useErasePersonMutation();
  return (
    <ByNameDialog
      title={t("erasing.title", { name })}
      name={name}
      ask={<Trans ns="rights" i18nKey="erasing.confirm" values={{ name }} components={{ b: <b /> }} />}
      go={t("erasing.go")}
      busy={isLoading}
      problem={error as Problem | undefined}
      onGo={async () => (await erase({ person, name })).error || onDone()}
      onClose={onClose}
    >
      <WhatGoes />
    </ByNameDialog>
  );
}
