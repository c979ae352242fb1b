import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/clients";
import type { Problem } from "../http/request";
import { Bar } from "../ui/Bar";
import { useCommands } from "../ui/commands";
import { Empty } from "../ui/Empty";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { type Client, type NewSecret, useClientsQuery } from "./api";
import { ClientDialog } from "./ClientDialog";
import { ClientLine } from "./ClientLine";
import css from "./ClientsPage.module.css";
import { DisableDialog } from "./DisableDialog";
import { RotateDialog } from "./RotateDialog";
import { SecretDialog } from "./SecretDialog";

type Open = { what: "make" } | { what: "change" | "rotate" | "disable"; client: Client };

/** Programs that act for the organisation: which there are, what each may, and its secrets. */
export function ClientsPage() {
  const { t } = useTranslation(["clients", "ui"]);
  const { data: clients, error, refetch } = useClientsQuery();
  const [open, setOpen] = useState<Open | null>(null);
  const [made, setMade] = useState<NewSecret | null>(null);
  const close = () => setOpen(null);
  const show = (secret: NewSecret) => {
    close();
    setMade(secret);
  };
  const begin = () => setOpen({ what: "make" });
  useCommands([{ id: "clients/make", group: "action", title: t("make"), icon: "plus", keys: "n", run: begin }]);
  const make = (
    <Button variant="contained" color="primary" startIcon={<Icon name="plus" />} onClick={begin}>
      {t("make")}
    </Button>
  );
  return (
    <>
      <Bar title={t("title")} />
      <main className={css.page}>
        {error && (
          <ProblemNote problem={error as Problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />
        )}
        {!clients && !error && <div className={css.skeleton} />}
        {clients?.length === 0 && (
          <Empty icon="key" title={t("empty.title")} action={make}>
            {t("empty.words")}
          </Empty>
        )}
        {clients && clients.length > 0 && (
          <>
            <div className={css.head}>
              <p>
                {t("words")} <a href="/api/docs">{t("docs")}</a>
              </p>
              {make}
            </div>
            <ul className={css.sheet} aria-label={t("title")}>
              {clients.map((client) => (
                <ClientLine key={client.id} client={client} onAct={(what) => setOpen({ what, client })} />
              ))}
            </ul>
          </>
        )}
      </main>
      {open?.what === "make" && <ClientDialog onMade={show} onClose={close} />}
      {open?.what === "change" && (
        <ClientDialog
          client={clients?.find(({ id }) => id === open.client.id) ?? open.client} // as it is now, whoever changed it
          onMade={show}
          onClose={close}
        />
      )}
      {open?.what === "rotate" && <RotateDialog client={open.client} onMade={show} onClose={close} />}
      {open?.what === "disable" && <DisableDialog client={open.client} onClose={close} />}
      {made && <SecretDialog made={made} onClose={() => setMade(null)} />}
    </>
  );
}
