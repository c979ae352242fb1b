import account from "./account.json";
import admin from "./admin.json";
import audit from "./audit.json";
import clients from "./clients.json";
import devices from "./devices.json";
import imports from "./imports.json";
import live from "./live.json";
import mail from "./mail.json";
import mydata from "./mydata.json";
import nobody from "./nobody.json";
import pages from "./pages.json";
import palette from "./palette.json";
import papers from "./papers.json";
import pause from "./pause.json";
import people from "./people.json";
import person from "./person.json";
import policies from "./policies.json";
import policy from "./policy.json";
import rights from "./rights.json";
import security from "./security.json";
import session from "./session.json";
import setup from "./setup.json";
import shell from "./shell.json";
import tokens from "./tokens.json";
import ui from "./ui.json";

/** Each file is one namespace. The application has them from `first.ts` and from a file beside each of the others. */
export const words = {
  account,
  clients,
  tokens,
  ui,
  shell,
  session,
  live,
  person,
  policies,
  policy,
  mail,
  mydata,
  devices,
  setup,
  rights,
  security,
  pages,
  pause,
  people,
  imports,
  admin,
  audit,
  nobody,
  palette,
  papers,
};
