import { i18n } from "../i18n";
import words from "./clients.json";

i18n.addResourceBundle("en", "clients", words);
