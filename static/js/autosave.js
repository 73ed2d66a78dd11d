// Drafts: form[data-autosave=URL] is PUT there 10 s after a change and when a field is left; [data-saved] shows the time.
// The answer may be JSON {"saved": "14:19"} (the server's clock); without it the device's clock is shown.
import { on } from "./dom.js";
import { csrfToken, text } from "./strings.js";

const WAIT_MS = 10_000;
const pending = new WeakMap(); // form → timer
const underway = new WeakMap(); // form → the controller that ends a save on its way
const dirty = new Set();

const shown = (form) => form.querySelector("[data-saved]") ?? document.querySelector(`[data-saved-for="${form.id}"]`) ?? document.querySelector("[data-saved]");

function body(form) {
  const data = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string" && name !== "_method") data.append(name, value);
  return data;
}

async function save(form, keepalive = false) {
  clearTimeout(pending.get(form));
  pending.delete(form);
  if (!dirty.delete(form)) return;
  const label = shown(form);
  const sent = new AbortController();
  underway.set(form, sent);
  try {
    const response = await fetch(form.dataset.autosave, {
      method: "PUT",
      body: body(form),
      keepalive,
      signal: sent.signal,
      credentials: "same-origin",
      headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true", "HX-Request-Type": "partial", Accept: "application/json" },
    });
    if (!response.ok) throw new Error(String(response.status));
    const said = response.headers.get("Content-Type")?.includes("json") ? (await response.json()).saved : "";
    const time = said || new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
    if (label) label.textContent = text("saved", { time });
  } catch (error) {
    if (sent.signal.aborted) return;
    dirty.add(form);
    // 400: the token against forgery went with the session.
    if (label) label.textContent = text(["400", "401"].includes(error.message) ? "signed_out" : "unsaved");
    if (form.isConnected && !pending.has(form)) pending.set(form, setTimeout(() => save(form), WAIT_MS * 3));
  }
}

const ours = (form) => form.closest("form[data-autosave]");

function touched(event) {
  const form = event.target instanceof Element && ours(event.target);
  if (!form) return;
  dirty.add(form);
  if (!pending.has(form)) pending.set(form, setTimeout(() => save(form), WAIT_MS));
}
document.addEventListener("input", touched);
document.addEventListener("change", touched);
// Later, not at once: the click that takes the focus away may be the submit, and a draft sent beside it would come late.
on("focusout", "form[data-autosave]", (_event, form) => {
  if (!dirty.has(form)) return;
  clearTimeout(pending.get(form));
  pending.set(form, setTimeout(() => save(form), 1_000));
});
// A submit replaces the draft; leaving the page keeps it.
on("submit", "form[data-autosave]", (_event, form) => {
  underway.get(form)?.abort();
  clearTimeout(pending.get(form));
  pending.delete(form);
  dirty.delete(form);
});
addEventListener("pagehide", () => dirty.forEach((form) => form.isConnected && save(form, true)));
