import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import OutlinedInput from "@mui/material/OutlinedInput";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "../forms/draft";
import { described, Field } from "../forms/Field";
import { fieldOf, focusOn, wordsOf } from "../forms/mistakes";
import type { Problem } from "../http/request";
import boxes from "../tokens/Boxes.module.css";
import { ScopeBoxes } from "../tokens/ScopeBoxes";
import { wordOf } from "../tokens/scopes";
import css from "../ui/Dialog.module.css";
import { ProblemNote } from "../ui/ProblemNote";
import { type Client, type ClientForm, type NewSecret, useChangeClientMutation, useMakeClientMutation } from "./api";
import { TeamBoxes } from "./TeamBoxes";

type Name = "name" | "scopes" | "teams";
const NAMES = ["name", "scopes", "teams"] as const;
const CONFLICT = 409;

interface Draft extends ClientForm {
  /** The version that it was typed over. */
  over?: number | undefined;
}

const EMPTY: Draft = { name: "", scopes: ["teams:read", "people:read"], teams: [] };

interface Props {
  /** The one to change; none: a new one. */
  client?: Client;
  onMade: (made: NewSecret) => void;
  onClose: () => void;
}

/** Names a client, what it may and where. What was begun is there again after a reload and a signed-out moment. */
export function ClientDialog({ client, onMade, onClose }: Props) {
  const { t } = useTranslation(["clients", "tokens", "ui"]);
  const [now] = useState<Draft>(() =>
    client ? { name: client.name, scopes: client.scopes, teams: client.teams.map((team) => team.id) } : EMPTY,
  );
  const { draft, put: keep, drop } = useDraft<Draft>(`daylight-client-${client?.id ?? "new"}`, now);
  const { over, ...form } = draft;
  const [wrong, setWrong] = useState<Partial<Record<Name, string>>>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [make, making] = useMakeClientMutation();
  const [change, changing] = useChangeClientMutation();
  const ids = { title: useId(), name: useId(), scopes: useId(), teams: useId() };

  function put(part: Partial<ClientForm>) {
    keep({ ...part, over: over ?? client?.version });
    setWrong({});
  }

  function close() {
    if (client) {
      drop(); // It is shown as it is when it is opened again; what is new waits.
    }
    onClose();
  }

  function refuse(name: Name, words: string) {
    setWrong({ [name]: words });
    focusOn(ids[name]);
  }

  async function submit(event: FormEvent) {
    event.preventDefault();
    const missing = NAMES.find((name) => form[name].length === 0);
    if (missing) {
      refuse(missing, t(`form.missing.${missing}`));
      return;
    }
    setProblem(null);
    const done = client
      ? await change({ id: client.id, form: { ...form, version: over ?? client.version } })
      : await make(form);
    if (done.error) {
      const refused = done.error as Problem;
      const field = fieldOf(refused, NAMES);
      if (field) {
        refuse(field, wordsOf(refused));
      } else {
        setProblem(refused);
      }
      if (refused.status === CONFLICT) {
        keep({ over: undefined }); // From now on it is over what is there now, which they are told.
      }
      return;
    }
    drop();
    if (client) {
      onClose();
    } else {
      onMade(done.data as NewSecret);
    }
  }

  function keptOf({ status }: Problem): string | undefined {
    if (client && status === CONFLICT) {
      const scopes = client.scopes.map((scope) => t(`tokens:scopes.${wordOf(scope)}`)).join(", ");
      return `${client.name}: ${t("may", { scopes, teams: client.teams.map(({ name }) => name).join(", ") })}`;
    }
    return status ? t("ui:kept.unchanged") : undefined;
  }

  return (
    <Dialog open onClose={close} aria-labelledby={ids.title} fullWidth maxWidth="sm">
      <form className={boxes.form} onSubmit={submit} noValidate>
        <DialogTitle id={ids.title} className={css.title ?? ""}>
          {client ? t("form.change", { name: client.name }) : t("form.make")}
        </DialogTitle>
        <DialogContent className={boxes.content ?? ""}>
          {problem && <ProblemNote problem={problem} kept={keptOf(problem)} />}
          <Field id={ids.name} label={t("form.name")} error={wrong.name} hint={t("form.nameHint")}>
            <OutlinedInput
              id={ids.name}
              fullWidth
              autoFocus
              autoComplete="off"
              error={Boolean(wrong.name)}
              inputProps={{ maxLength: 80, ...described(ids.name, { error: wrong.name, hint: true }) }}
              value={form.name}
              onChange={(event) => put({ name: event.target.value })}
            />
          </Field>
          <ScopeBoxes
            id={ids.scopes}
            chosen={form.scopes}
            error={wrong.scopes ?? null}
            onChoose={(scopes) => put({ scopes })}
          />
          <TeamBoxes
            id={ids.teams}
            chosen={form.teams}
            error={wrong.teams ?? null}
            onChoose={(teams) => put({ teams })}
          />
        </DialogContent>
        <DialogActions className={css.actions ?? ""}>
          <Button onClick={close}>{t("ui:cancel")}</Button>
          <Button type="submit" variant="contained" color="primary" disabled={making.isLoading || changing.isLoading}>
            {client ? t("form.save") : t("make")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
