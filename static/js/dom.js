// Delegation: one listener on the document, so that swapped-in content needs no wiring.
export function on(type, selector, handler, options) {
  document.addEventListener(
    type,
    (event) => {
      const hit = event.target instanceof Element ? event.target.closest(selector) : null;
      if (hit) handler(event, hit);
    },
    options,
  );
}

// Runs for what is on the page now and for whatever htmx brings later. `handler` must be idempotent.
export function eachNow(selector, handler) {
  const run = (root) => {
    if (root instanceof Element && root.matches(selector)) handler(root);
    root.querySelectorAll?.(selector).forEach(handler);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => run(document));
  else run(document);
  document.addEventListener("htmx:after:settle", (event) => {
    for (const node of event.detail.newContent ?? []) run(node);
    if (event.target instanceof Element) run(event.target);
  });
}

export const isTyping = (target) =>
  target instanceof Element &&
  target.closest('textarea, select, [contenteditable]:not([contenteditable="false"]), input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit])') !== null;

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

// The sprite's address is taken from an icon the server drew: its name carries a hash.
export function icon(name) {
  const sprite = document.querySelector("svg.ti use")?.getAttribute("href")?.split("#")[0] ?? "";
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "ti");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
