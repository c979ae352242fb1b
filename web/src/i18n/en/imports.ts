import { i18n } from "../i18n";
import words from "./imports.json";

i18n.addResourceBundle("en", "imports", words);
