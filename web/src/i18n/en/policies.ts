import { i18n } from "../i18n";
import words from "./policies.json";

i18n.addResourceBundle("en", "policies", words);
