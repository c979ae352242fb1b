/** What the palette offers for a text. Pure. */
import type { Command } from "../ui/commands";
import { fold } from "../ui/fold";
import type { IconName } from "../ui/Icon";
import type { Found } from "./directory";
import type { Recent } from "./recent";

export interface Choice {
  /** Unique among what is offered. */
  key: string;
  icon: IconName;
  title: string;
  detail: string;
  keys: string;
  recent: Recent;
}

export interface Section {
  key: "recent" | "people" | "teams" | Command["group"];
  choices: Choice[];
}

const GROUPS: Command["group"][] = ["view", "page", "action"];

/** In their order, without empty ones. Without a text: what was chosen lately, and all commands. */
export function sectionsOf(text: string, found: Found, commands: Command[], recent: Recent[]): Section[] {
  const words = fold(text.trim()).split(/\s+/).filter(Boolean);
  const named = (name: string) => rank(name, words) !== null;
  const sections: Section[] =
    words.length === 0
      ? [{ key: "recent", choices: recent.flatMap((each) => ofRecent(each, commands)) }]
      : [
          {
            key: "people",
            choices: found.people
              .filter(({ name }) => named(name))
              .map(({ id, name, team }) => ofSomebody({ kind: "person", id, name, detail: team?.name ?? "" })),
          },
          {
            key: "teams",
            choices: found.teams
              .filter(({ name }) => named(name))
              .map(({ id, name }) => ofSomebody({ kind: "team", id, name, detail: "" })),
          },
        ];
  for (const group of GROUPS) {
    const ranked = commands
      .filter((command) => command.group === group)
      .map((command) => ({ command, at: rank(command.title, words) }))
      .filter(({ at }) => at !== null)
      .sort((one, other) => Number(one.at) - Number(other.at));
    sections.push({ key: group, choices: ranked.map(({ command }) => ofCommand(command)) });
  }
  return sections.filter(({ choices }) => choices.length > 0);
}

/** How well a title answers: 0 begins with the words, 1 has words that do, 2 holds them; `null` does not. */
function rank(title: string, words: string[]): number | null {
  const folded = fold(title);
  if (folded.startsWith(words.join(" "))) {
    return 0;
  }
  const parts = folded.split(/[\s:,.-]+/);
  if (words.every((word) => parts.some((part) => part.startsWith(word)))) {
    return 1;
  }
  return words.every((word) => folded.includes(word)) ? 2 : null;
}

function ofRecent(recent: Recent, commands: Command[]): Choice[] {
  if (recent.kind !== "command") {
    return [{ ...ofSomebody(recent), key: `recent/${recent.kind}/${recent.id}` }];
  }
  const command = commands.find(({ id }) => id === recent.id);
  return command ? [{ ...ofCommand(command), key: `recent/${command.id}` }] : [];
}

function ofSomebody(somebody: Exclude<Recent, { kind: "command" }>): Choice {
  const { kind, id, name, detail } = somebody;
  return {
    key: `${kind}/${id}`,
    icon: kind === "person" ? "me" : "people",
    title: name,
    detail,
    keys: "",
    recent: somebody,
  };
}

function ofCommand({ id, icon, title, keys = "" }: Command): Choice {
  return { key: `command/${id}`, icon, title, detail: "", keys, recent: { kind: "command", id } };
}
