import { i18n } from "../i18n";
import words from "./mail.json";

i18n.addResourceBundle("en", "mail", words);
