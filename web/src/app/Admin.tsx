import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, Route, Routes, useNavigate } from "react-router";
import "../i18n/en/admin";
import type { Me } from "../session/api";
import { Bar } from "../ui/Bar";
import { type Command, useCommands } from "../ui/commands";
import { Icon, type IconName } from "../ui/Icon";
import { later } from "../ui/later";
import css from "./Admin.module.css";
import { NotFound } from "./NotFound";
import { audits, governs, isA } from "./roles";

interface Page {
  path: string;
  word: "policies" | "imports" | "clients" | "mail" | "rights" | "security" | "audit" | "setup";
  icon: IconName;
  /** Keys that lead there, and what is there; none for a page that is nobody's alone. */
  keys?: string;
  draw?: (me: Me) => ReactNode;
  may: (me: Me) => boolean;
}

const clients = later(() => import("../clients/ClientsPage").then(({ ClientsPage }) => ClientsPage));
const mail = later(() => import("../mail/MailPage").then(({ MailPage }) => MailPage));
const policies = later(() => import("../policies/PoliciesPage").then(({ PoliciesPage }) => PoliciesPage));
const security = later(() => import("../security/SecurityPage").then(({ SecurityPage }) => SecurityPage));
const rights = later(() => import("../rights/RightsPage").then(({ RightsPage }) => RightsPage));
const audit = later(() => import("../audit/AuditPage").then(({ AuditPage }) => AuditPage));
const admins = (me: Me) => isA("admin", me);

/** In the order of their list. Those without `draw` are among the others of the application. */
const PAGES: Page[] = [
  {
    path: "/admin/policies",
    word: "policies",
    icon: "ledger",
    keys: "g y",
    may: (me) => isA("admin", me) || isA("representative", me),
    draw: (me) => <policies.Part admin={isA("admin", me)} signs={isA("representative", me)} me={me.id} />,
  },
  {
    path: "/admin/requests",
    word: "rights",
    icon: "me",
    keys: "g q",
    may: admins,
    draw: (me) => <rights.Part me={me.id} />,
  },
  { path: "/people/import", word: "imports", icon: "people", may: admins },
  { path: "/admin/clients", word: "clients", icon: "key", keys: "g c", may: admins, draw: () => <clients.Part /> },
  {
    path: "/admin/mail",
    word: "mail",
    icon: "mail",
    keys: "g e",
    may: admins,
    draw: (me) => <mail.Part email={me.email} />,
  },
  {
    path: "/admin/security",
    word: "security",
    icon: "locked",
    keys: "g u",
    may: governs,
    draw: () => <security.Part />,
  },
  { path: "/admin/audit", word: "audit", icon: "ledger", keys: "g r", may: audits, draw: () => <audit.Part /> },
  { path: "/set-up", word: "setup", icon: "check", may: admins },
];

function pagesOf(me: Me): Page[] {
  return PAGES.filter((page) => page.may(me));
}

/** What is set up and checked for all: a list of pages, and each of them below it. */
export function Admin({ me }: { me: Me }) {
  return (
    <Routes>
      <Route index element={<List me={me} />} />
      {pagesOf(me).map(
        ({ path, draw }) => draw && <Route key={path} path={path.replace("/admin/", "")} element={draw(me)} />,
      )}
      <Route path="*" element={<NotFound me={me} />} />
    </Routes>
  );
}

function List({ me }: { me: Me }) {
  const { t } = useTranslation("admin");
  const pages = pagesOf(me);
  return (
    <>
      <Bar title={t("title")} />
      <main className={css.page}>
        <ul className={css.list}>
          {pages.map(({ path, word, icon }) => (
            <li key={path}>
              <Link className={css.line} to={path}>
                <Icon name={icon} size={20} className={css.icon} />
                <span>
                  <b>{t(`page.${word}`)}</b>
                  <span className={css.about}>{t(`about.${word}`)}</span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      </main>
    </>
  );
}

/** Offers the pages of the list from everywhere. */
export function Governing({ me }: { me: Me }) {
  const { t } = useTranslation("admin");
  const navigate = useNavigate();
  useCommands(
    pagesOf(me).flatMap(({ path, word, icon, keys }): Command[] =>
      keys
        ? [{ id: `page/${word}`, group: "page", title: t(`page.${word}`), icon, keys, run: () => navigate(path) }]
        : [],
    ),
  );
  return null;
}
