import { i18n } from "../i18n";
import words from "./palette.json";

i18n.addResourceBundle("en", "palette", words);
