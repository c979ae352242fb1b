import { i18n } from "../i18n";
import words from "./admin.json";

i18n.addResourceBundle("en", "admin", words);
