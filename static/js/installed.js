// Registers the worker that keeps checklists for places without a network, and sees to it that a phone which several
// people use shows nobody another one's pages.
import { on } from "./dom.js";
import { unsent } from "./field/store.js";
import { text } from "./strings.js";

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
}

// What was filled in without a network is sent only while its writer is signed in.
on("submit", "form[action$='/logout']", async (event, form) => {
  event.preventDefault();
  const left = user ? await unsent(user).catch(() => 0) : 0;
  if (left && !confirm(text("unsent", { n: left }))) return;
  await globalThis.caches?.delete("pages").catch(() => {});
  form.submit();
});
