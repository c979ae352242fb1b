import { Trans, useTranslation } from "react-i18next";
import type { Problem } from "../http/request";
import { ByNameDialog } from "../ui/ByNameDialog";
import { type Client, useDisableClientMutation } from "./api";

export function DisableDialog({ client: { id, name }, onClose }: { client: Client; onClose: () => void }) {
  const { t } = useTranslation("clients");
  const [disable, { isLoading, error }] = useDisableClientMutation();
  return (
    <ByNameDialog
      title={t("disabling.title", { name })}
      name={name}
      ask={<Trans ns="clients" i18nKey="disabling.confirm" values={{ name }} components={{ b: <b /> }} />}
      go={t("disable")}
      busy={isLoading}
      problem={error as Problem | undefined}
      onGo={async () => (await disable(id)).error || onClose()}
      onClose={onClose}
    >
      <p>{t("disabling.words")}</p>
    </ByNameDialog>
  );
}
