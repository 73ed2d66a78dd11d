// Keyboard (DESIGN §6). Off while typing. Every key has a visible control that it presses, so nothing exists by key alone.
// Rows: [data-row] with a link a.db-t (or [data-open]) and a checkbox [data-select]; where a page has none, and no
// neighbour to go to, the rows of its first table that lead somewhere.
// Anything else: data-key="c" on the control, in the cursor row first, then on the page.
import { isTyping } from "./dom.js";

const LINK = "[data-open], a.db-t, a.db-link";
const shown = (found) => [...found].filter((row) => row.getClientRects().length);
const leading = (table) => shown(table.querySelectorAll("tbody > tr")).filter((row) => row.querySelector(LINK));
const cursor = () => document.querySelector("[data-row].is-cursor, main tbody > tr.is-cursor");

function rows() {
  const marked = shown(document.querySelectorAll("[data-row]"));
  if (marked.length || document.querySelector('[data-key="j"], [data-key="k"]')) return marked;
  return [...document.querySelectorAll("main table.db-table")].map(leading).find((found) => found.length) ?? [];
}

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(cursor());
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  cursor()?.classList.remove("is-cursor");
  next.classList.add("is-cursor");
  next.querySelector(LINK)?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function press(key) {
  const control = cursor()?.querySelector(`[data-key="${key}"]`) ?? document.querySelector(`[data-key="${key}"]:not([disabled])`);
  if (!control || control.disabled) return false;
  control.click();
  const panel = control.closest("details");
  if (panel?.open && control.matches("summary")) panel.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  return true;
}

function select() {
  const box = cursor()?.querySelector("[data-select]");
  if (!box) return false;
  box.click();
  return true;
}

function clear() {
  const open = document.querySelector("details[data-menu][open], details.db-conf[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary")?.focus();
    return true;
  }
  const chosen = document.querySelectorAll("[data-select]:checked");
  chosen.forEach((box) => box.click());
  cursor()?.classList.remove("is-cursor");
  return chosen.length > 0;
}

function focusFirst(...selectors) {
  const found = selectors.map((selector) => document.querySelector(selector)).find((node) => node?.getClientRects().length);
  found?.focus();
  found?.select?.();
  return Boolean(found);
}

function help() {
  const dialog = document.getElementById("keys-dialog");
  if (!dialog?.showModal || dialog.open) return false;
  dialog.showModal();
  return true;
}

const openCursor = (event) => {
  const link = cursor()?.querySelector(LINK);
  if (!link || (event.target instanceof Element && event.target.closest("a, button, summary, input"))) return false;
  link.click();
  return true;
};

const PLAIN = {
  j: () => move(1) || press("j"),
  k: () => move(-1) || press("k"),
  x: select,
  c: () => press("c"),
  r: () => press("r"),
  n: () => press("n"),
  "/": () => focusFirst("[data-filter]", "main input[type=search]", "[data-search]"),
  "?": help,
  enter: openCursor,
};

function submitMain(target) {
  const form = (target instanceof Element && target.closest("form")) || document.querySelector("form[data-main]");
  const button = form?.querySelector("[data-submit]") ?? (form?.id ? document.querySelector(`[data-submit][form="${form.id}"]`) : null) ?? form?.querySelector("button.btn-primary[type=submit], button.btn-primary:not([type])");
  if (!form || form.method === "dialog") return false;
  form.requestSubmit(button ?? undefined);
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const key = event.key.toLowerCase();
  let done = false;
  if (event.ctrlKey || event.metaKey) {
    if (key === "k") done = focusFirst("[data-search]", "[data-filter]");
    else if (key === "enter") done = submitMain(event.target);
  } else if (key === "escape") {
    done = isTyping(event.target) ? (event.target.blur(), false) : clear();
  } else if (!isTyping(event.target) && !document.querySelector("dialog[open]")) {
    done = PLAIN[key]?.(event) ?? false;
  }
  if (done) event.preventDefault();
});
