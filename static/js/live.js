// [data-refresh-every=60] with data-refresh-url: the server computes deadlines, the page asks again; never while hidden
// or while something inside has the focus of a typing person. Morphed, so selection and scroll stay.
import htmx from "htmx.org/dist/htmx.esm.js";
import { eachNow, isTyping } from "./dom.js";

const running = new WeakSet();

function refresh(node) {
  if (document.hidden || (node.contains(document.activeElement) && isTyping(document.activeElement))) return;
  if (node.querySelector("[data-select]:checked")) return; // a selection is being made
  const url = node.dataset.refreshUrl || location.pathname + location.search;
  htmx.ajax("GET", url, { source: node, target: node, swap: node.dataset.refreshSwap ?? "outerMorph", select: node.dataset.refreshSelect, background: true });
}

// What is shown is no longer of this minute; the next answer is morphed in with the mark hidden again.
for (const failed of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(failed, ({ detail: { ctx } }) => {
    if (ctx?.background && ctx.sourceElement?.dataset.refreshEvery) ctx.sourceElement.querySelector("[data-stale]")?.removeAttribute("hidden");
  });
}

eachNow("[data-refresh-every]", (node) => {
  if (running.has(node)) return;
  running.add(node);
  const timer = setInterval(() => (node.isConnected ? refresh(node) : clearInterval(timer)), 1000 * Math.max(5, Number(node.dataset.refreshEvery) || 60));
});
