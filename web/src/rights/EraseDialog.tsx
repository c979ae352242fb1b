import { useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { ByNameDialog } from "../ui/ByNameDialog";
import { type Place, useErasePersonMutation } from "./api";
import { LeftDialog } from "./LeftDialog";
import { Mentions } from "./Mentions";
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
  const [empty, setEmpty] = useState(false);
  const [left, setLeft] = useState<Place[]>([]);
  async function go() {
    const { data } = await erase({ person, name, empty });
    setLeft(data?.left ?? []);
    if (data?.left.length === 0) {
      onDone();
    }
  }
  return left.length > 0 ? (
    <LeftDialog name={name} left={left} onClose={onDone} />
  ) : (
    <ByNameDialog
      title={t("erasing.title", { name })}
      name={name}
      ask={<Trans ns="rights" i18nKey="erasing.confirm" values={{ name }} components={{ b: <b /> }} />}
      go={t("erasing.go")}
      busy={isLoading}
      problem={error as Problem | undefined}
      onGo={go}
      onClose={onClose}
    >
      <WhatGoes />
      <Mentions person={person} empty={empty} onEmpty={setEmpty} />
    </ByNameDialog>
  );
}
