import { i18n } from "../i18n";
import words from "./session.json";

i18n.addResourceBundle("en", "session", words);
