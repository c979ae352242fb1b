import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { list } from "../ui/time";
import css from "./AccessTable.module.css";
import type { Security } from "./api";
import { said } from "./said";

/** What one role may do, subject by subject. Which role, is in the address. */
export function AccessTable({ roles, access }: Pick<Security, "roles" | "access">) {
  const { t } = useTranslation("security");
  const [params, setParams] = useSearchParams();
  const asked = params.get("role") ?? "";
  const role = roles.includes(asked) ? asked : (roles[0] ?? "");
  const seen = access.filter(({ may }) => may[role]);

  return (
    <>
      <div className={css.roles} role="group" aria-label={t("access.roles")}>
        {roles.map((each) => (
          <button
            type="button"
            key={each}
            aria-pressed={each === role}
            onClick={() => setParams({ role: each }, { replace: true })}
          >
            {said("role", each)}
          </button>
        ))}
      </div>
      <table className={css.table} aria-label={t("access.of", { role: said("role", role) })}>
        <thead>
          <tr>
            <th scope="col">{t("access.about")}</th>
            <th scope="col">{t("access.may")}</th>
          </tr>
        </thead>
        <tbody>
          {seen.map(({ about, may }) => (
            <tr key={about}>
              <th scope="row">{said("about", about)}</th>
              <td>{list((may[role] ?? []).map((action) => said("action", action)))}</td>
            </tr>
          ))}
          {seen.length < access.length && (
            <tr data-nothing="">
              <th scope="row">{t(seen.length > 0 ? "access.rest" : "access.all")}</th>
              <td>{t("access.nothing")}</td>
            </tr>
          )}
        </tbody>
      </table>
    </>
  );
}
