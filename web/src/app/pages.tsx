import { type ReactNode, useEffect } from "react";
import { Navigate } from "react-router";
import { dropAhead } from "../live/socket";
import { forgetWall } from "../live/visited";
import type { Me } from "../session/api";
import { wasOffered } from "../setup/offer";
import type { IconName } from "../ui/Icon";
import { later } from "../ui/later";
import { Live } from "./Live";
import { governs, isA, mustSetUp } from "./roles";
import { SetUp } from "./SetUp";

export interface Page {
  path: string;
  word: "live" | "people" | "devices" | "mydata" | "setup" | "account" | "imports" | "admin";
  icon: IconName;
  /** Keys that lead there. */
  keys: string;
  may: (me: Me) => boolean;
  /** Whether the navigation leads there, for those who may; always, when it isn't given. */
  shown?: (me: Me) => boolean;
  /** At the foot of the rail: about oneself, or about the whole. */
  aside?: boolean;
  /** It has pages of its own below its address. */
  below?: boolean;
  /** Begins to load it before it is asked for. */
  ahead?: () => void;
  draw: (me: Me) => ReactNode;
}

const admin = later(() => import("./Admin").then(({ Admin }) => Admin));
const people = later(() => import("../people/PeoplePage").then(({ PeoplePage }) => PeoplePage));
const devices = later(() => import("../devices/DevicesPage").then(({ DevicesPage }) => DevicesPage));
const account = later(() => import("../account/AccountPage").then(({ AccountPage }) => AccountPage));
const imports = later(() => import("../imports/ImportPage").then(({ ImportPage }) => ImportPage));
const myData = later(() => import("../mydata/MyDataPage").then(({ MyDataPage }) => MyDataPage));

/** In the order of the navigation. */
const PAGES: Page[] = [
  {
    path: "/",
    word: "live",
    icon: "live",
    keys: "g l",
    may: () => true,
    shown: (me) => !isPlain(me),
    draw: (me) => <Home me={me} />,
  },
  {
    path: "/people",
    word: "people",
    icon: "people",
    keys: "g p",
    may: (me) => isA("admin", me),
    ahead: people.ahead,
    draw: (me) => <people.Part me={me} />,
  },
  {
    path: "/devices",
    word: "devices",
    icon: "screen",
    keys: "g d",
    may: () => true,
    ahead: devices.ahead,
    draw: (me) => <devices.Part admin={isA("admin", me)} demo={me.organisation.demo} />,
  },
  {
    path: "/people/import",
    word: "imports",
    icon: "people",
    keys: "g i",
    may: (me) => isA("admin", me),
    shown: () => false,
    ahead: imports.ahead,
    draw: () => <imports.Part />,
  },
  {
    path: "/my-data",
    word: "mydata",
    icon: "me",
    keys: "g m",
    may: () => true,
    aside: true,
    ahead: myData.ahead,
    draw: (me) => <myData.Part person={me.id} />,
  },
  {
    path: "/account",
    word: "account",
    icon: "key",
    keys: "g a",
    may: () => true,
    shown: () => false,
    draw: (me) => <account.Part me={me.id} admin={isA("admin", me)} />,
  },
  {
    path: "/set-up",
    word: "setup",
    icon: "check",
    keys: "g s",
    may: (me) => isA("admin", me),
    shown: mustSetUp,
    aside: true,
    draw: (me) => <SetUp me={me} />,
  },
  {
    path: "/admin",
    word: "admin",
    icon: "admin",
    keys: "g o",
    may: governs,
    aside: true,
    below: true,
    ahead: admin.ahead,
    draw: (me) => <admin.Part me={me} />,
  },
];

export function pagesOf(me: Me): Page[] {
  return PAGES.filter((page) => page.may(me));
}

/** Where somebody is led from an address without a page. */
export function homeOf(me: Me): Page | undefined {
  const path = isPlain(me) ? "/my-data" : "/";
  return pagesOf(me).find((page) => page.path === path);
}

/** The wall, for whoever has one; the first admin is led to the set-up once, and who sees nobody to what is their own. */
function Home({ me }: { me: Me }) {
  if (mustSetUp(me) && !wasOffered(me.id)) {
    return <Elsewhere to="/set-up" />;
  }
  const home = homeOf(me);
  return home && home.path !== "/" ? <Elsewhere to={home.path} /> : <Live me={me} />;
}

/** Who is led away from the wall's address sees no wall: the next visit doesn't ask for it ahead, and what this one asked for is dropped. */
function Elsewhere({ to }: { to: string }) {
  useEffect(() => {
    forgetWall();
    dropAhead();
  }, []);
  return <Navigate to={to} replace />;
}

/** Somebody who manages no team, sets nothing up and reads no audit. */
function isPlain(me: Me): boolean {
  return !(isA("manager", me) || isA("admin", me) || isA("auditor", me));
}
