import { i18n } from "../i18n/i18n";

/** The words for a name of the access table. One that is newer than this page is shown as the hub calls it. */
export function said(kind: "role" | "about" | "action", name: string): string {
  const key = `security:${kind}.${name}`;
  return i18n.exists(key) ? i18n.t(key as "security:role.admin") : name.replaceAll("_", " ");
}
