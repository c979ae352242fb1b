import { i18n } from "../i18n";
import words from "./pause.json";

i18n.addResourceBundle("en", "pause", words);
