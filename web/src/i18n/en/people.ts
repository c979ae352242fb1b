import { i18n } from "../i18n";
import words from "./people.json";

i18n.addResourceBundle("en", "people", words);
