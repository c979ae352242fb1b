import { i18n } from "../i18n";
import words from "./papers.json";

i18n.addResourceBundle("en", "papers", words);
