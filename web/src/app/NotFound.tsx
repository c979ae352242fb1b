import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Me } from "../session/api";
import { Bar } from "../ui/Bar";
import { Button } from "../ui/Button";
import { Empty } from "../ui/Empty";
import css from "./Fault.module.css";
import { homeOf } from "./pages";

export function NotFound({ me }: { me: Me }) {
  const { t } = useTranslation("shell");
  const navigate = useNavigate();
  const home = homeOf(me);
  return (
    <>
      <Bar title={t("missing.title")} />
      <main className={css.page}>
        <Empty
          icon="search"
          title={t("missing.title")}
          action={
            home && (
              <Button onClick={() => navigate(home.path)}>{t("missing.back", { page: t(`page.${home.word}`) })}</Button>
            )
          }
        >
          {t("missing.words")}
        </Empty>
      </main>
    </>
  );
}
