import Button from "@mui/material/Button";
import { useTranslation } from "react-i18next";
import { useDraft } from "../forms/draft";
import type { Problem } from "../http/request";
import { ProblemNote } from "../ui/ProblemNote";
import { FACTOR_ROLES, type FactorRole, useRequiredQuery, useSetRequiredMutation } from "./api";
import css from "./RequiredFactors.module.css";
import { Section } from "./Section";
import { State } from "./State";

const NONE: { roles: FactorRole[] | null } = { roles: null };

/** For admins: which roles must have a second factor. */
export function RequiredFactors() {
  const { t } = useTranslation("account");
  const { data, error: unread } = useRequiredQuery();
  const { draft, put, drop } = useDraft("daylight-required-factors", NONE);
  const chosen = draft.roles;
  const [save, { isLoading, isSuccess, error, reset }] = useSetRequiredMutation();
  const roles = chosen ?? data?.roles ?? [];
  const problem = (error ?? unread) as Problem | undefined;
  const changed = chosen !== null && FACTOR_ROLES.some((role) => chosen.includes(role) !== data?.roles.includes(role));

  return (
    <Section title={t("required.title")} words={t("required.words")}>
      {problem && <ProblemNote problem={problem} />}
      {data && (
        <>
          <ul className={css.roles}>
            {FACTOR_ROLES.map((role) => (
              <li key={role}>
                <label>
                  <input
                    type="checkbox"
                    checked={roles.includes(role)}
                    onChange={({ target }) => {
                      reset();
                      put({ roles: target.checked ? [...roles, role] : roles.filter((other) => other !== role) });
                    }}
                  />
                  {t(`required.role.${role}`)}
                </label>
              </li>
            ))}
          </ul>
          <div className={css.end}>
            <Button
              variant="contained"
              color="primary"
              disabled={!changed || isLoading}
              onClick={async () => {
                const { error: refused } = await save({ roles, version: data.version });
                if (!refused || (refused as Problem).status === 409) {
                  drop(); // What another admin has chosen meanwhile is shown.
                }
              }}
            >
              {t("required.save")}
            </Button>
            <div role="status">{isSuccess && !changed && <State is="good">{t("required.saved")}</State>}</div>
          </div>
        </>
      )}
    </Section>
  );
}
