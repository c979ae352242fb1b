import { i18n } from "../i18n";
import words from "./policy.json";

i18n.addResourceBundle("en", "policy", words);
