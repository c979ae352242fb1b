import { i18n } from "../i18n";
import words from "./audit.json";

i18n.addResourceBundle("en", "audit", words);
