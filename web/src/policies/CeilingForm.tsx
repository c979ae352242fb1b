import Button from "@mui/material/Button";
import OutlinedInput from "@mui/material/OutlinedInput";
import { useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "../forms/draft";
import { described, Field } from "../forms/Field";
import { focusOn } from "../forms/mistakes";
import type { Problem } from "../http/request";
import { KINDS } from "../policy/api";
import { Icon } from "../ui/Icon";
import { ProblemNote } from "../ui/ProblemNote";
import { dayAndClock, list } from "../ui/time";
import {
  type Ceiling,
  isAway,
  type Policies,
  useCeilingDifferenceQuery,
  useChangeCeilingMutation,
  useSignCeilingMutation,
  useWithdrawCeilingMutation,
} from "./api";
import panel from "./ChangePanel.module.css";
import { Effect, LastWeek } from "./Effect";
import css from "./PlaceForm.module.css";

interface Props {
  policies: Policies;
  admin: boolean;
  signs: boolean;
  me: number;
}

/** What may be switched on at all: lowered by an admin, raised by an admin and a representative together. */
export function CeilingForm({ policies, admin, signs, me }: Props) {
  const { t } = useTranslation(["policies", "policy"]);
  const { ceiling, ceiling_version: version, proposal } = policies;
  const empty = useMemo(() => ({ ceiling, reason: "" }), [ceiling]);
  const { draft, put, drop } = useDraft(`daylight-ceiling-${version}`, empty);
  const may = admin && !proposal;
  const shown = may ? draft.ceiling : ceiling;
  const changed = KINDS.some((kind) => draft.ceiling[kind] !== ceiling[kind]);
  return (
    <div className={css.both}>
      <div className={css.form}>
        <h2 className={css.title}>{t("ceiling.title")}</h2>
        <p className={css.about}>{t("ceiling.words")}</p>
        <ul aria-label={t("ceiling.title")}>
          {KINDS.filter((kind) => !isAway(kind, policies)).map((kind) => (
            <li key={kind} className={css.row} data-changed={shown[kind] !== ceiling[kind] || undefined}>
              <span className={css.name}>
                <b>{t(`policy:field.${kind}`)}</b>
                <span>{t(`hint.${kind}`)}</span>
              </span>
              <label className={css.tick}>
                <input
                  type="checkbox"
                  checked={shown[kind]}
                  disabled={!may}
                  onChange={(event) => put({ ceiling: { ...draft.ceiling, [kind]: event.target.checked } })}
                />
                {t(shown[kind] ? "ceiling.allowed" : "ceiling.not")}
              </label>
            </li>
          ))}
        </ul>
        {policies.representatives === 0 && (
          <p className={css.note}>
            <Icon name="attention" size={16} /> <span>{t("ceiling.nobody")}</span>
          </p>
        )}
      </div>
      {proposal && <Proposal policies={policies} admin={admin} signs={signs} me={me} />}
      {may && changed && (
        <Change
          ceiling={ceiling}
          version={version}
          draft={draft}
          onReason={(reason) => put({ reason })}
          onDone={drop}
        />
      )}
    </div>
  );
}

interface ChangeProps {
  ceiling: Ceiling;
  version: number;
  draft: { ceiling: Ceiling; reason: string };
  onReason: (reason: string) => void;
  onDone: () => void;
}

function Change({ ceiling, version, draft, onReason, onDone }: ChangeProps) {
  const { t } = useTranslation(["policies", "ui"]);
  const [change, { isLoading, error }] = useChangeCeilingMutation();
  const [missing, setMissing] = useState<string | null>(null);
  const box = useId();
  const raises = KINDS.some((kind) => draft.ceiling[kind] && !ceiling[kind]);

  async function submit() {
    if (!draft.reason.trim()) {
      setMissing(t("difference.missing"));
      focusOn(box);
      return;
    }
    if (!(await change({ ceiling: draft.ceiling, version, reason: draft.reason })).error) {
      onDone();
    }
  }

  return (
    <aside className={panel.panel} aria-label={t(raises ? "ceiling.raise" : "ceiling.lower")}>
      <h3 className={panel.title}>{t(raises ? "ceiling.raise" : "ceiling.lower")}</h3>
      {raises && <p className={panel.words}>{t("ceiling.waits")}</p>}
      <Does ceiling={draft.ceiling} />
      {error && <ProblemNote problem={error as Problem} kept={t("ui:kept.unchanged")} />}
      <Field id={box} label={t("difference.reason")} error={missing}>
        <OutlinedInput
          id={box}
          fullWidth
          multiline
          minRows={2}
          error={missing !== null}
          inputProps={{ maxLength: 500, ...described(box, { error: missing }) }}
          value={draft.reason}
          onChange={(event) => {
            setMissing(null);
            onReason(event.target.value);
          }}
        />
      </Field>
      <p className={panel.acts}>
        <Button variant="contained" color="primary" disabled={isLoading} onClick={submit}>
          {t(raises ? "ceiling.raise" : "ceiling.lower")}
        </Button>
        <Button onClick={onDone}>{t("difference.discard")}</Button>
      </p>
    </aside>
  );
}

function Proposal({ policies, admin, signs, me }: Props) {
  const { t } = useTranslation(["policies", "policy", "ui"]);
  const [sign, signing] = useSignCeilingMutation();
  const [withdraw, withdrawing] = useWithdrawCeilingMutation();
  const { proposal, ceiling } = policies;
  if (!proposal) {
    return null;
  }
  const kinds = KINDS.filter((kind) => proposal.new[kind] && !ceiling[kind]).map((kind) => t(`policy:field.${kind}`));
  const busy = signing.isLoading || withdrawing.isLoading;
  const problem = (signing.error ?? withdrawing.error) as Problem | undefined;
  const own = proposal.by?.id === me;
  return (
    <aside className={panel.panel} aria-label={t("ceiling.proposal", { kinds: list(kinds) })}>
      <h3 className={panel.title}>{t("ceiling.proposal", { kinds: list(kinds) })}</h3>
      <p className={panel.words}>{t("ceiling.by", { name: proposal.by?.name ?? "–", at: dayAndClock(proposal.at) })}</p>
      <p className={panel.said}>
        <bdi>{proposal.reason}</bdi>
      </p>
      <p className={panel.words}>{t(signs && own ? "ceiling.ownProposal" : "ceiling.waits")}</p>
      <Does ceiling={proposal.new as Ceiling} />
      {problem && <ProblemNote problem={problem} kept={t("ui:kept.unchanged")} />}
      <p className={panel.acts}>
        {signs && !own && (
          <Button
            variant="contained"
            color="primary"
            disabled={busy}
            onClick={() => sign({ id: proposal.id, sign: true })}
          >
            {t("ceiling.sign")}
          </Button>
        )}
        {signs && (
          <Button disabled={busy} onClick={() => sign({ id: proposal.id, sign: false })}>
            {t("ceiling.refuse")}
          </Button>
        )}
        {admin && (
          <Button disabled={busy} onClick={() => withdraw(proposal.id)}>
            {t("ceiling.withdraw")}
          </Button>
        )}
      </p>
    </aside>
  );
}

/** What another ceiling does by itself, before anything else is set. */
function Does({ ceiling }: { ceiling: Ceiling }) {
  const { t } = useTranslation(["policies", "ui"]);
  const { currentData: difference, error, refetch } = useCeilingDifferenceQuery(ceiling);
  if (error) {
    return <ProblemNote problem={error as Problem} action={<Button onClick={refetch}>{t("ui:tryAgain")}</Button>} />;
  }
  if (!difference) {
    return (
      <p className={panel.words} role="status">
        {t("difference.counting")}
      </p>
    );
  }
  return (
    <>
      <Effect difference={difference} />
      {difference.people === 0 && <p className={panel.words}>{t("ceiling.touchesNobody")}</p>}
      <LastWeek difference={difference} />
    </>
  );
}
