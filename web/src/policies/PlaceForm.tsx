import { useMemo } from "react";
import { Trans, useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Choice } from "../forms/Choice";
import { useDraft } from "../forms/draft";
import type { Hours } from "../forms/hours";
import { FIELDS, KINDS, PERIODS } from "../policy/api";
import { isPeriod } from "../policy/said";
import { HoursBox } from "../profile/HoursBox";
import { Icon } from "../ui/Icon";
import { AT_ANY_TIME, type Field, isAway, type Kind, type Place, type Policies, type Settings } from "./api";
import { ChangePanel } from "./ChangePanel";
import css from "./PlaceForm.module.css";
import { inherits, longest, saidAs, shortened } from "./said";

const LIMITS_MIN = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120];
const DAYS = [1, 7, 14, 30, 60, 90, 180, 365, 730, 1095, 1461, 1826];
const DAYS_MIN = { activity_days: 7, sum_days: 7 } as Partial<Record<Field, number>>;
const OFFICE: Hours = { days: [0, 1, 2, 3, 4], from_min: 540, until_min: 1020 };

interface Props {
  place: Place;
  policies: Policies;
  admin: boolean;
  saved: boolean;
  onSaved: (version?: number) => void;
}

/** What one place sets and inherits, field by field, and beside it what a change would do. A draft outlives a reload. */
export function PlaceForm({ place, policies, admin, saved, onSaved }: Props) {
  const { t } = useTranslation(["policies", "policy"]);
  const empty = useMemo(() => ({ settings: place.settings, reason: "" }), [place.settings]);
  const { draft, put, drop } = useDraft(`daylight-policy-${place.scope}-${place.id}-${place.version}`, empty);
  const { settings } = draft;
  const changed = FIELDS.filter((field) => JSON.stringify(settings[field]) !== JSON.stringify(place.settings[field]));

  function set(field: Field, value: Settings[Field] | undefined) {
    const { [field]: _, ...rest } = settings;
    put({ settings: value === undefined ? rest : { ...rest, [field]: value } });
  }

  const row = (field: Field) => (
    <Row
      key={field}
      field={field}
      place={place}
      policies={policies}
      settings={settings}
      changed={changed.includes(field)}
      admin={admin}
      onSet={(value) => set(field, value)}
    />
  );
  return (
    <div className={css.both}>
      <div className={css.form}>
        <h2 className={css.title}>{t(`of.${place.scope}`, { name: place.name })}</h2>
        <p className={css.about}>{t(`about.${place.scope}`)}</p>
        <Group title={t("group.states")}>{row("idle_limit_s")}</Group>
        <Group title={t("group.collected")}>
          {KINDS.filter((kind) => !isAway(kind, policies)).map(row)}
          {policies.unavailable.map((kind) => (
            <li key={kind} className={css.row} data-away="">
              <span className={css.name}>
                <b>{t(`kind.${kind}`)}</b>
                <span>{t(`hint.${kind}`)}</span>
              </span>
              <span className={css.control}>{t("off")}</span>
              <span className={css.source}>
                <span className={css.capped}>
                  <Icon name="locked" size={14} />
                  <span>{t("unavailable")}</span>
                </span>
              </span>
            </li>
          ))}
        </Group>
        <Group title={t("group.when")}>{(["hours", "private_time"] as const).map(row)}</Group>
        <Group title={t("group.kept")}>{PERIODS.map(row)}</Group>
        <Group title={t("group.looks")}>{row("look_reason")}</Group>
      </div>
      {admin && (
        <ChangePanel
          place={place}
          draft={draft}
          changed={changed}
          onReason={(reason) => put({ reason })}
          saved={saved}
          onDone={(version) => {
            onSaved(version);
            drop();
          }}
        />
      )}
    </div>
  );
}

function Group({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section>
      <h3 className={css.group}>{title}</h3>
      <ul aria-label={title}>{children}</ul>
    </section>
  );
}

interface RowProps extends Omit<Props, "saved" | "onSaved"> {
  field: Field;
  settings: Settings;
  changed: boolean;
  onSet: (value: Settings[Field] | undefined) => void;
}

function Row({ field, place, policies, settings, changed, admin, onSet }: RowProps) {
  const { t } = useTranslation(["policies", "policy"]);
  const value = settings[field];
  const kind = (KINDS as readonly string[]).includes(field) ? (field as Kind) : null;
  const capped = kind !== null && !policies.ceiling[kind];
  const options: [string, string][] = [["", inherits(place, field, settings)]];
  if (field === "idle_limit_s" || isPeriod(field)) {
    const numbers = isPeriod(field)
      ? DAYS.filter((days) => days >= (DAYS_MIN[field] ?? 1) && days <= longest(place, settings, field))
      : LIMITS_MIN.map((min) => min * 60);
    options.push(...numbers.map((each): [string, string] => [String(each), saidAs(field, each)]));
    if (typeof value === "number" && !options.some(([each]) => each === String(value))) {
      options.push([String(value), saidAs(field, value)]);
    }
  } else if (field === "hours") {
    options.push(["always", t("always")], ["own", t("own")]);
  } else {
    options.push(
      ...([
        ["true", saidAs(field, true)],
        ["false", saidAs(field, false)],
      ] as [string, string][]),
    );
  }
  const hours = field === "hours" ? (value as Hours | undefined) : undefined;
  const always = JSON.stringify(hours) === JSON.stringify(AT_ANY_TIME);
  const chosen = value === undefined ? "" : field === "hours" ? (always ? "always" : "own") : String(value);

  function choose(next: string) {
    if (next === "") {
      onSet(undefined);
    } else if (field === "hours") {
      onSet(next === "always" ? AT_ANY_TIME : OFFICE);
    } else {
      onSet(field === "idle_limit_s" || isPeriod(field) ? Number(next) : next === "true");
    }
  }

  return (
    <li className={css.row} data-changed={changed || undefined}>
      <span className={css.name}>
        <b>{t(`policy:field.${field}`)}</b>
        <span>{t(`hint.${field}`)}</span>
      </span>
      <span className={css.control}>
        {admin ? (
          <Choice
            label={t(`policy:field.${field}`)}
            value={chosen}
            options={options.filter(([each]) => !(capped && each === "true" && chosen !== "true"))}
            onChoose={choose}
          />
        ) : (
          <span>{saidAs(field, place.effective[field])}</span>
        )}
        {admin && hours && !always && (
          <HoursBox id={`hours-${place.id}`} hours={hours} onHours={(next) => onSet(next ?? undefined)} />
        )}
      </span>
      <span className={css.source}>
        {value !== undefined ? (
          <b>{t("from.here")}</b>
        ) : shortened(place, settings, field) ? (
          <span>{t("from.within")}</span>
        ) : (
          <From place={place} policies={policies} field={field} />
        )}
        {changed && (
          <button type="button" onClick={() => onSet(place.settings[field])}>
            {t("undo")}
          </button>
        )}
        {capped && (
          <span className={css.capped}>
            <Icon name="locked" size={14} />
            <span>
              <Trans t={t} i18nKey="above" components={{ a: <Link to="/admin/policies?ceiling=" /> }} />
            </span>
          </span>
        )}
      </span>
    </li>
  );
}

function From({ place, policies, field }: { place: Place; policies: Policies; field: Field }) {
  const { t } = useTranslation("policies");
  const { scope, team } = place.above.sources[field];
  if (scope === "team") {
    return <span>{t("from.team", { name: policies.teams.find(({ id }) => id === team)?.name ?? "" })}</span>;
  }
  return <span>{t(`from.${scope === "person" ? "here" : scope}`)}</span>;
}
