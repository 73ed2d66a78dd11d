// What every htmx request needs: CSRF header, one submit at a time, errors in words, focus after a swap.
import { on } from "./dom.js";
import { csrfToken, text } from "./strings.js";
import { toast } from "./toast.js";

document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  if (!["GET", "HEAD"].includes(request.method)) request.headers["X-CSRFToken"] = csrfToken();
});

const buttonsOf = (request, source) => {
  if (request.submitter instanceof HTMLElement) return [request.submitter];
  if (source?.matches?.("button")) return [source];
  return [];
};

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.request.method === "GET") return;
  ctx.busyButtons = buttonsOf(ctx.request, ctx.sourceElement);
  for (const button of ctx.busyButtons) {
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
  }
});
document.addEventListener("htmx:finally:request", (event) => {
  for (const button of event.detail.ctx.busyButtons ?? []) {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
});

// A plain form (no htmx) is sent once; its button keeps its label. Its own name must stay in the data, so it is not disabled.
on("submit", "form", (event, form) => {
  if (event.defaultPrevented || form.method !== "post" || form._htmx?.initialized) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy=true]")) button.removeAttribute("aria-busy");
});

const WORDS = { 400: "bad_request", 401: "forbidden", 403: "forbidden", 404: "gone", 413: "too_large", 429: "busy", 503: "busy" };

// The server's own words where it sent some: problem+json's detail, or the alert of a fragment.
function serverWords(ctx) {
  const type = ctx.response.headers.get("Content-Type") ?? "";
  if (type.includes("json")) {
    try {
      return JSON.parse(ctx.text).detail ?? "";
    } catch {
      return "";
    }
  }
  return new DOMParser().parseFromString(ctx.text ?? "", "text/html").querySelector('[role="alert"]')?.textContent.trim() ?? "";
}

document.addEventListener("htmx:response:error", (event) => {
  const { ctx } = event.detail;
  const { status } = ctx.response;
  if (ctx.hx?.redirect || status === 409 || status === 422) return; // swapped where they belong
  if (ctx.background) return; // a refresh nobody asked for stays silent
  toast(serverWords(ctx) || text(WORDS[status] ?? "failed"));
});
document.addEventListener("htmx:error", (event) => {
  const ctx = event.detail.ctx;
  if (ctx && !ctx.response && !ctx.background) toast(text("offline"));
});

function focusIn(root) {
  const wanted = root.querySelector?.('[aria-invalid="true"]') ?? root.querySelector?.("[data-error-summary]") ?? root.querySelector?.("[data-focus]");
  if (!wanted) return false;
  wanted.focus({ preventScroll: false });
  return true;
}
document.addEventListener("htmx:after:settle", (event) => {
  for (const node of event.detail.newContent ?? []) {
    if (!(node instanceof Element)) continue;
    if (node.matches("[data-focus]")) node.focus();
    else if (focusIn(node)) return;
  }
});
document.addEventListener("DOMContentLoaded", () => {
  const main = document.getElementById("main");
  if (main?.querySelector("[data-error-summary]")) focusIn(main);
});
