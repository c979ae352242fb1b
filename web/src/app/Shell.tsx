import { Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, Outlet, useLocation } from "react-router";
import { onProofWanted } from "../http/proof";
import { greetIn } from "../i18n/i18n";
import { type Me, sessionApi } from "../session/api";
import { BarEnd } from "../ui/Bar";
import { Boundary } from "../ui/Boundary";
import { Icon } from "../ui/Icon";
import { later } from "../ui/later";
import { Mark } from "../ui/Mark";
import { PartNote } from "../ui/PartNote";
import { ThemeButton } from "../ui/ThemeButton";
import { day } from "../ui/time";
import { Account } from "./Account";
import { Away } from "./Away";
import { Fault } from "./Fault";
import { NotOut } from "./NotOut";
import { pagesOf } from "./pages";
import { governs } from "./roles";
import { SearchButton } from "./SearchButton";
import css from "./Shell.module.css";
import { useEverywhere } from "./useEverywhere";
import { useKeyboard } from "./useKeyboard";

const governing = later(() => import("./Admin").then(({ Governing }) => Governing));
const palette = later(() => import("./Palette").then(({ Palette }) => Palette));
const proof = later(() => import("../factors/ProofDialog").then(({ ProofDialog }) => ProofDialog));
const sheet = later(() => import("./Shortcuts").then(({ Shortcuts }) => Shortcuts));

const PALETTE_AFTER_MS = 10_000;

/** Navigation around every page: a rail at the side, or a bar at the bottom of a phone. Over it the palette and the sheet of shortcuts. */
export function Shell({ me }: { me: Me }) {
  const { t } = useTranslation("shell");
  const { pathname } = useLocation();
  const [over, setOver] = useState<"palette" | "shortcuts" | null>(null);
  const close = () => setOver(null);
  const [proving, setProving] = useState<((proved: boolean) => void) | null>(null);
  useEffect(() => onProofWanted(() => new Promise((done) => setProving(() => done))), []);
  const proved = (done: boolean) => {
    proving?.(done);
    setProving(null);
  };
  // Long after the first picture, but before most want it: what is typed before it is there goes nowhere.
  useEffect(() => {
    const timer = setTimeout(palette.ahead, PALETTE_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  sessionApi.endpoints.me.useQuerySubscription(); // What changes of oneself is asked for anew, and shown.
  useEffect(() => {
    if (me.locale) {
      greetIn(me.locale);
    }
  }, [me.locale]);
  useEverywhere(me, { onShortcuts: () => setOver("shortcuts") });
  useKeyboard({ onPalette: () => setOver(over === "palette" ? null : "palette") });
  return (
    <div className={css.app}>
      <a className={css.skip} href="#page">
        {t("skip")}
      </a>
      <nav className={css.nav} aria-label={t("nav")}>
        <span className={css.mark}>
          <Mark />
        </span>
        {pagesOf(me)
          .filter((page) => page.shown?.(me) ?? true)
          .map(({ path, word, icon, ahead, aside }) => (
            <NavLink
              key={path}
              to={path}
              end={path === "/"}
              className={`${css.link} ${aside ? css.aside : ""}`}
              onPointerEnter={ahead}
              onFocus={ahead}
            >
              <Icon name={icon} size={20} />
              {t(`page.${word}`)}
            </NavLink>
          ))}
      </nav>
      <BarEnd value={<Tools me={me} onPalette={() => setOver("palette")} onShortcuts={() => setOver("shortcuts")} />}>
        <div className={css.page} id="page" tabIndex={-1}>
          <Away />
          {me.policy_waits && pathname !== "/my-data" && (
            <Waits words={t("policy.waits")} to="/my-data" go={t("policy.read")} />
          )}
          {me.ceiling_waits && pathname !== "/admin/policies" && (
            <Waits words={t("ceiling.waits")} to="/admin/policies?ceiling=" go={t("ceiling.see")} />
          )}
          {me.requests_wait && me.requests_due_on && pathname !== "/admin/requests" && (
            <Waits
              words={t("requests.wait", { count: me.requests_wait, day: day(me.requests_due_on, "UTC") })}
              to="/admin/requests"
              go={t("requests.see")}
            />
          )}
          <Boundary of={pathname} instead={(fault, again) => <Fault fault={fault} onAgain={again} />}>
            <Suspense>
              <Outlet />
            </Suspense>
          </Boundary>
        </div>
      </BarEnd>
      <NotOut />
      <Boundary of="" instead={() => null}>
        <Suspense>{governs(me) && <governing.Part me={me} />}</Suspense>
      </Boundary>
      <Boundary of={String(proving !== null)} instead={() => <PartNote onClose={() => proved(false)} />}>
        <Suspense>{proving && <proof.Part onDone={proved} />}</Suspense>
      </Boundary>
      <Boundary of={over ?? ""} instead={() => <PartNote onClose={close} />}>
        <Suspense>
          {over === "palette" && <palette.Part me={me} onClose={close} />}
          {over === "shortcuts" && <sheet.Part onClose={close} />}
        </Suspense>
      </Boundary>
    </div>
  );
}

/** Something of one's own that waits, over every page but its own. */
function Waits({ words, to, go }: { words: string; to: string; go: string }) {
  return (
    <aside className={css.waits} aria-label={words}>
      <Icon name="ledger" size={14} />
      <span>{words}</span>
      <NavLink to={to}>{go}</NavLink>
    </aside>
  );
}

/** At the end of every page's bar. */
function Tools({ me, onPalette, onShortcuts }: { me: Me; onPalette: () => void; onShortcuts: () => void }) {
  const { t } = useTranslation("shell");
  const { name, demo } = me.organisation;
  return (
    <>
      <span className={css.organisation}>{name}</span>
      {demo && (
        <span className={css.demo} title={t("simulatedMeaning")}>
          {t("simulated")}
        </span>
      )}
      <span className={css.tools}>
        <SearchButton onOpen={onPalette} onNear={palette.ahead} />
        <span className={css.theme}>
          <ThemeButton />
        </span>
        <Account me={me} onShortcuts={onShortcuts} />
      </span>
    </>
  );
}
