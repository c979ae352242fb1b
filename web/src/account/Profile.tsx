import Button from "@mui/material/Button";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import "../i18n/en/people";
import type { Problem } from "../http/request";
import { chooseLanguage } from "../i18n/i18n";
import { AboutForm } from "../profile/AboutForm";
import { ZonesHeld } from "../profile/ZonesHeld";
import { ProblemNote } from "../ui/ProblemNote";
import { useChangeProfileMutation, useProfileQuery } from "./api";
import css from "./Profile.module.css";
import { Section } from "./Section";
import { State } from "./State";

/** What one says of oneself. */
export function Profile({ me }: { me: number }) {
  const { t } = useTranslation(["account", "people", "ui"]);
  const { data: profile, error, refetch } = useProfileQuery();
  const [change] = useChangeProfileMutation();
  const [saved, setSaved] = useState(false);
  return (
    <Section title={t("profile.title")} words={profile && t("profile.words", { email: profile.email })}>
      {error && (
        <ProblemNote problem={error as Problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />
      )}
      {profile && (
        <div className={css.form}>
          <AboutForm
            own
            person={profile}
            kept={`daylight-profile-${me}`}
            save={async ({ email: _, ...form }) => {
              setSaved(false);
              const { error: refused } = await change(form);
              if (!refused && form.locale && form.locale !== profile.locale) {
                await chooseLanguage(form.locale).catch(() => {}); // Its words can't be had: those that are here serve.
              }
              return (refused as Problem | undefined) ?? null;
            }}
            onSaved={() => setSaved(true)}
          />
          <div role="status">{saved && <State is="good">{t("people:done.saved")}</State>}</div>
          {profile.zones.length > 1 && (
            <>
              <h3 className={css.title}>{t("people:person.zones")}</h3>
              <ZonesHeld zones={profile.zones} />
            </>
          )}
        </div>
      )}
    </Section>
  );
}
