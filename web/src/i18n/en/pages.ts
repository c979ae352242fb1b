import { i18n } from "../i18n";
import words from "./pages.json";

i18n.addResourceBundle("en", "pages", words);
