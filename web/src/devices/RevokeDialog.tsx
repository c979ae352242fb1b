import { Trans, useTranslation } from "react-i18next";
import type { Device } from "../enrol/api";
import type { Problem } from "../http/request";
import { ByNameDialog } from "../ui/ByNameDialog";
import { useRevokeMutation } from "./api";

export function RevokeDialog({ device, onClose }: { device: Device & { person_name?: string }; onClose: () => void }) {
  const { t } = useTranslation("devices");
  const { id, name, person_name: person } = device;
  const [revoke, { isLoading, error }] = useRevokeMutation();
  return (
    <ByNameDialog
      title={t("revoking.title", { name })}
      name={name}
      ask={<Trans ns="devices" i18nKey="revoking.confirm" values={{ name }} components={{ b: <b /> }} />}
      go={t("revoke")}
      keep={t("revoking.keep")}
      busy={isLoading}
      problem={error as Problem | undefined}
      onGo={async () => (await revoke(id)).error || onClose()}
      onClose={onClose}
    >
      {person && <p>{t("revoking.whose", { person })}</p>}
      <p>{t("revoking.words")}</p>
    </ByNameDialog>
  );
}
