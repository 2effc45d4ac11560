// Dark or light: as the machine has it, or as chosen here.

import { say, set } from "./dom.js";
import { t } from "./words.js";

const KEPT = "telnyx_actors.theme";
const THEMES = ["auto", "light", "dark"];

const chosen = () => (THEMES.includes(localStorage.getItem(KEPT)) ? localStorage.getItem(KEPT) : "auto");

export function initTheme(button) {
  const show = () => {
    const theme = chosen();
    set(document.documentElement, { "data-theme": theme === "auto" ? null : theme });
    say(button, t(`theme${theme[0].toUpperCase()}${theme.slice(1)}`));
    set(button, { "aria-label": `${t("themeLabel")}: ${button.textContent}` });
  };
  button.onclick = () => {
    localStorage.setItem(KEPT, THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length]);
    show();
    document.dispatchEvent(new Event("themechange"));
  };
  show();
}
