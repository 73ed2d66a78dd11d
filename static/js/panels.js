// details as menus and in-place forms, dialogs opened by a plain link or button
import { on } from "./dom.js";

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});
on("click", "[data-close-details]", (_event, button) => {
  const panel = button.closest("details");
  panel.open = false;
  panel.querySelector("summary")?.focus();
});
// one action's form at a time
document.addEventListener(
  "toggle",
  (event) => {
    const panel = event.target;
    if (!(panel instanceof HTMLDetailsElement) || !panel.open || !panel.matches(".db-conf")) return;
    for (const other of panel.parentElement.querySelectorAll(":scope > .db-conf[open]")) if (other !== panel) other.open = false;
    panel.scrollIntoView({ block: "nearest" }); // its button may stand below the fold, or under a phone's bar (scroll-margin in narrow.css)
  },
  true,
);
on("click", "[data-opens]", (event, link) => {
  const dialog = document.getElementById(link.dataset.opens);
  if (!dialog?.showModal) return;
  event.preventDefault();
  dialog.showModal();
});
on("click", "dialog.db-dialog", (event, dialog) => {
  if (event.target === dialog) dialog.close(); // the backdrop
});
// [data-copy=SELECTOR] copies what stands there; without this script it can be marked and copied by hand
for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
on("click", "[data-copy]", async (_event, button) => {
  const text = document.querySelector(button.dataset.copy)?.innerText ?? "";
  await navigator.clipboard.writeText(text);
  button.setAttribute("aria-pressed", "true");
});
