import { i18n } from "../i18n";
import words from "./mydata.json";

i18n.addResourceBundle("en", "mydata", words);
