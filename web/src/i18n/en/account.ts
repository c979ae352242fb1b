import { i18n } from "../i18n";
import words from "./account.json";

i18n.addResourceBundle("en", "account", words);
