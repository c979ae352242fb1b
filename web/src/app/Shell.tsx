import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, Outlet } from "react-router";
import type { Me } from "../session/api";
import { BarEnd } from "../ui/Bar";
import { Icon, type IconName } from "../ui/Icon";
import { Mark } from "../ui/Mark";
import { ThemeButton } from "../ui/ThemeButton";
import { Account } from "./Account";
import { mustSetUp } from "./roles";
import css from "./Shell.module.css";

const PAGES: [path: string, name: "live" | "devices", icon: IconName][] = [
  ["/", "live", "live"],
  ["/devices", "devices", "screen"],
];

/** Navigation around every page: a rail at the side, or a bar at the bottom of a phone. */
export function Shell({ me }: { me: Me }) {
  const { t } = useTranslation("shell");
  const { name, demo } = me.organisation;
  return (
    <div className={css.app}>
      <a className={css.skip} href="#page">
        {t("skip")}
      </a>
      <nav className={css.nav} aria-label={t("nav")}>
        <span className={css.mark}>
          <Mark />
        </span>
        {PAGES.map(([path, word, icon]) => (
          <NavLink key={path} to={path} end className={css.link ?? ""}>
            <Icon name={icon} size={20} />
            {t(word)}
          </NavLink>
        ))}
        {mustSetUp(me) && (
          <NavLink to="/set-up" className={`${css.link} ${css.last}`}>
            <Icon name="admin" size={20} />
            {t("setUp")}
          </NavLink>
        )}
      </nav>
      <BarEnd
        value={
          <>
            <span className={css.organisation}>{name}</span>
            {demo && (
              <span className={css.demo} title={t("simulatedMeaning")}>
                {t("simulated")}
              </span>
            )}
            <span className={css.tools}>
              <ThemeButton />
              <Account me={me} />
            </span>
          </>
        }
      >
        <div className={css.page} id="page" tabIndex={-1}>
          <Suspense>
            <Outlet />
          </Suspense>
        </div>
      </BarEnd>
    </div>
  );
}
