// Colours and size change at once; the form posts them so that the next page and a page without script agree.
import { on } from "./dom.js";

const root = document.documentElement;

function apply(name, value) {
  if (name === "theme") {
    root.dataset.theme = value;
    const dark = value === "dark" || (value === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    root.dataset.bsTheme = dark ? "dark" : "light";
  } else root.classList.toggle("is-large", value === "large");
}

on("submit", "form[data-preferences]", (event) => {
  const { name, value } = event.submitter ?? {};
  if (name !== "theme" && name !== "size") return; // a language needs new pages
  event.preventDefault();
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax${secure}`;
  apply(name, value);
  for (const button of document.querySelectorAll(`[data-preferences] button[name="${name}"]`)) {
    button.setAttribute("aria-pressed", String(button.value === value));
  }
});
