import InputAdornment from "@mui/material/InputAdornment";
import OutlinedInput from "@mui/material/OutlinedInput";
import { useEffect, useRef, useState } from "react";
import { useCommands } from "../ui/commands";
import { Icon } from "../ui/Icon";
import css from "./FindBox.module.css";

/** Asked for once nothing was typed for this long. */
const PAUSE_MS = 250;
const FIND_MAX_CHARACTERS = 100;

interface Props {
  /** What it finds. */
  label: string;
  text: string;
  onText: (text: string) => void;
}

/** Tells of a text once typing pauses; `/` leads here, Escape empties it. */
export function FindBox({ label, text, onText }: Props) {
  const box = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(text);
  const said = useRef(text);

  // The address may change by itself: back, or a link.
  useEffect(() => {
    if (text !== said.current) {
      said.current = text;
      setTyped(text);
    }
  }, [text]);
  useEffect(() => {
    if (typed === said.current) {
      return;
    }
    const timer = setTimeout(() => {
      said.current = typed;
      onText(typed);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, onText]);
  useCommands([
    {
      id: "find",
      group: "view",
      title: label,
      icon: "search",
      keys: "/",
      run: () => box.current?.focus(),
    },
  ]);

  return (
    <OutlinedInput
      className={css.find ?? ""}
      inputRef={box}
      type="search"
      placeholder={label}
      inputProps={{ "aria-label": label, maxLength: FIND_MAX_CHARACTERS, enterKeyHint: "search" }}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      onKeyDown={(event) => event.key === "Escape" && setTyped("")}
      startAdornment={
        <InputAdornment position="start">
          <Icon name="search" />
        </InputAdornment>
      }
    />
  );
}
