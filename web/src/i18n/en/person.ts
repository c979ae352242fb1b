import { i18n } from "../i18n";
import words from "./person.json";

i18n.addResourceBundle("en", "person", words);
