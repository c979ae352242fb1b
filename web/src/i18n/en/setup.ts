import { i18n } from "../i18n";
import words from "./setup.json";

i18n.addResourceBundle("en", "setup", words);
