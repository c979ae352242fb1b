import live from "./live.json";
import shell from "./shell.json";
import ui from "./ui.json";

/** What the wall's first picture says. Every other namespace comes with the part of the application that speaks it. */
export const first = { ui, shell, live };
