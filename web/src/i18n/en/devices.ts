import { i18n } from "../i18n";
import words from "./devices.json";

i18n.addResourceBundle("en", "devices", words);
