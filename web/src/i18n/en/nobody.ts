import { i18n } from "../i18n";
import words from "./nobody.json";

i18n.addResourceBundle("en", "nobody", words);
