import { element } from "./dom.js";
import { text } from "./strings.js";

const SHOWN_MS = 10_000; // the undo window the server grants

// Announced by the live region #toasts; stays while hovered or focused, so that 撤销 can be reached.
function expire(toast) {
  const check = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(check, 2_000);
    else toast.remove();
  };
  setTimeout(check, SHOWN_MS);
}

export function toast(message) {
  const region = document.getElementById("toasts");
  if (!region) return;
  for (const old of region.querySelectorAll("[data-toast]")) if (old.firstChild?.textContent === message) old.remove();
  const close = element("button", { type: "button", "data-dismiss": true }, text("dismiss"));
  region.append(element("div", { class: "db-toast", "data-toast": true }, element("span", {}, message), close));
}

document.addEventListener("DOMContentLoaded", () => {
  const region = document.getElementById("toasts");
  if (!region) return;
  region.querySelectorAll("[data-toast]").forEach(expire);
  new MutationObserver((records) => {
    for (const record of records) for (const node of record.addedNodes) if (node.matches?.("[data-toast]")) expire(node);
  }).observe(region, { childList: true });
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-dismiss]")) event.target.closest("[data-toast], .db-note")?.remove();
});
// 撤销 acts once: its toast goes when the request is sent.
document.addEventListener("htmx:after:request", (event) => event.target.closest?.("[data-toast]")?.remove());
