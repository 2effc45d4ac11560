// The login works without this: it only puts it into the browser's language.
import { language, translate } from "./words.js";

document.documentElement.lang = language();
translate(document);
