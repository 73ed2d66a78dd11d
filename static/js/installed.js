// Registers the worker that keeps checklists for places without a network, and sees to it that a phone which several
// people use shows nobody another one's pages.
import { on } from "./dom.js";

const KEY = "duban-user";
const user = document.body?.dataset.user;

if ("serviceWorker" in navigator && isSecureContext) {
  navigator.serviceWorker.register("/sw.js").then(() => {
    if (!user) return;
    try {
      const before = localStorage.getItem(KEY);
      if (before && before !== user) caches.delete("pages");
      localStorage.setItem(KEY, user);
    } catch {
      // a browser that keeps nothing keeps no pages either
    }
  }, () => {});
  on("submit", "form[action$='/logout']", () => caches.delete("pages"));
  on("click", "a[href$='/logout']", () => caches.delete("pages"));
}
