import Button from "@mui/material/Button";
import type { TFunction } from "i18next";
import { type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import "../i18n/en/setup";
import { Bar } from "../ui/Bar";
import { hoursMinutes } from "../ui/time";
import { Aside } from "./Aside";
import { DeviceStep } from "./DeviceStep";
import { DoneStep } from "./DoneStep";
import { type Draft, dropDraft, keepDraft, readDraft } from "./draft";
import { HoursStep } from "./HoursStep";
import { minutesOf } from "./hours";
import { OrganisationStep } from "./OrganisationStep";
import css from "./SetUpPage.module.css";
import { type StepLine, Steps } from "./Steps";
import type { Admin, StepHandle } from "./step";
import { TeamStep } from "./TeamStep";

const STEPS = ["organisation", "hours", "team", "device", "done"] as const;
const FORMS = { organisation: OrganisationStep, hours: HoursStep, team: TeamStep, device: DeviceStep };
const LAST = STEPS.length - 1;

interface Props {
  admin: Admin;
  onChanged: () => Promise<unknown>;
  /** To Live: the set-up is finished, or left for later. */
  onLive: () => void;
}

/** From an empty organisation to the first tile on the wall. The step is in the address; each saves when it is left. */
export function SetUpPage({ admin, onChanged, onLive }: Props) {
  const { t } = useTranslation("setup");
  const [params, setParams] = useSearchParams();
  const [draft, setDraft] = useState<Draft>(() => readDraft(admin.id));
  const [busy, setBusy] = useState(false);
  const step = STEPS.find((known) => known === params.get("step")) ?? STEPS[0];
  const at = STEPS.indexOf(step);
  const reached = Math.max(at, admin.organisation.set_up ? LAST : (draft.reached ?? 0));
  const saving = useRef<StepHandle>(null);
  const form = useRef<HTMLFormElement>(null);
  const heading = useFocusOnChange(step);

  // Kept at once and not when it is drawn: an answer may come as the page goes.
  const latest = useRef(draft);
  function put(change: Draft) {
    latest.current = { ...latest.current, ...change };
    keepDraft(admin.id, latest.current);
    setDraft(latest.current);
  }

  async function go(to: number, skip = false) {
    if (busy) {
      return;
    }
    if (!skip) {
      setBusy(true);
      const saved = (await saving.current?.save(to > at)) ?? true;
      setBusy(false);
      if (!saved && to > at) {
        return;
      }
    }
    put({ reached: Math.max(reached, to) });
    setParams({ step: STEPS[to] ?? STEPS[0] });
  }

  function finish() {
    dropDraft(admin.id);
    onLive();
  }

  function onHeadingKey(event: KeyboardEvent) {
    if (event.key === "Enter") {
      form.current?.requestSubmit();
    }
  }

  const title = (
    <h2 className={css.title} ref={heading} tabIndex={-1} onKeyDown={onHeadingKey}>
      <span className={css.progress}>{t("progress", { step: at + 1, steps: STEPS.length })}</span> {t(`${step}.title`)}
    </h2>
  );
  const Form = step === "done" ? null : FORMS[step];
  return (
    <>
      <Bar title={t("title")}>
        {step !== "done" && (
          <Button variant="text" onClick={onLive}>
            {t("later")}
          </Button>
        )}
      </Bar>
      <main className={css.page} data-step={step}>
        <Steps lines={linesOf(t, admin, draft, reached)} at={at} reached={reached} onGo={go} />
        {Form ? (
          <form
            ref={form}
            className={css.form}
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              go(at + 1);
            }}
          >
            {title}
            <p className={css.lead}>{t(`${step}.lead`)}</p>
            <Form key={step} ref={saving} admin={admin} draft={draft} put={put} onChanged={onChanged} />
            <div className={css.actions}>
              {step === "device" && !draft.device ? (
                <Button type="submit">{busy ? t("saving") : t("skip")}</Button>
              ) : (
                <Button type="submit" variant="contained" color="primary">
                  {busy ? t("saving") : t("continue")}
                </Button>
              )}
              {at > 0 && <Button onClick={() => go(at - 1)}>{t("back")}</Button>}
              {step === "team" && !(draft.made || admin.team || admin.manages) && (
                <Button variant="text" onClick={() => go(at + 1, true)}>
                  {t("skip")}
                </Button>
              )}
            </div>
          </form>
        ) : (
          <section className={css.form}>
            {title}
            <p className={css.lead}>{t(`${step}.lead`)}</p>
            <DoneStep admin={admin} team={draft.made?.name} onLive={finish} />
          </section>
        )}
        <Aside step={step} dayMin={longestMin(draft, admin)} />
      </main>
    </>
  );
}

/** The heading of the step: focused when another step comes, so that it is read out, and never at the start. */
function useFocusOnChange(step: string) {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(step);
  // With the picture, and not after it: a key that is pressed at once is the new step's.
  useLayoutEffect(() => {
    if (shown.current !== step) {
      shown.current = step;
      heading.current?.focus();
      window.scrollTo(0, 0);
    }
  }, [step]);
  return heading;
}

function linesOf(t: TFunction<"setup">, admin: Admin, draft: Draft, reached: number): StepLine[] {
  const { organisation, team } = admin;
  const week = organisation.expected_min.reduce((sum, day) => sum + day, 0);
  const what = [
    organisation.name,
    t("hours.figure", { hours: hoursMinutes(week * 60) }),
    draft.made?.name ?? team?.name,
    draft.device,
  ];
  return STEPS.map((key, step) => {
    const done = step < reached || (organisation.set_up && step < LAST);
    return { key, done, what: done ? what[step] : undefined };
  });
}

function longestMin(draft: Draft, admin: Admin): number {
  return Math.max(...(draft.hours?.map((typed) => minutesOf(typed) ?? 0) ?? admin.organisation.expected_min));
}
