import { i18n } from "../i18n";
import words from "./rights.json";

i18n.addResourceBundle("en", "rights", words);
