import { i18n } from "../i18n";
import words from "./security.json";

i18n.addResourceBundle("en", "security", words);
