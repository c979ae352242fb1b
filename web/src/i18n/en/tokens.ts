import { i18n } from "../i18n";
import words from "./tokens.json";

i18n.addResourceBundle("en", "tokens", words);
