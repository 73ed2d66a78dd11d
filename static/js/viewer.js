// bpmn-js NavigatedViewer with the marks of an instance. Names from a diagram never become HTML: overlays are DOM nodes
// filled by textContent. The bpmn.io watermark stays visible.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { element, icon } from "./dom.js";
import { text } from "./strings.js";

const ICONS = { in: "zoom-in", out: "zoom-out", fit: "arrows-maximize" };
const MARKS = { done: "is-done", now: "is-now", off: "is-off", bad: "is-bad", warn: "is-warn", added: "is-added", removed: "is-removed", changed: "is-changed" };

// What is neither done nor now is grey on the page's own ground, light or dark.
function colours() {
  const tokens = getComputedStyle(document.documentElement);
  const token = (name) => tokens.getPropertyValue(name).trim();
  return { defaultFillColor: token("--db-surface"), defaultStrokeColor: token("--db-ink-3"), defaultLabelColor: token("--db-ink") };
}

function mark(viewer, marks) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  for (const [id, state] of Object.entries(marks)) {
    const shape = registry.get(id);
    if (shape && MARKS[state]) canvas.addMarker(id, isFrame(shape) ? `${MARKS[state]}-frame` : MARKS[state]);
  }
}

// The colours of a heat map, by element id: 1 to 5.
function heat(viewer, levels) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  for (const [id, level] of Object.entries(levels)) if (registry.get(id)) canvas.addMarker(id, `is-heat-${level}`);
}

function overlay(viewer, id, content, position, type) {
  if (!viewer.get("elementRegistry").get(id)) return;
  // On a map the numbers are what it is for: they stay, and stay readable, however small the drawing.
  const map = viewer._map;
  viewer.get("overlays").add(id, type, { position, html: content, show: { minZoom: map ? 0.1 : 0.4 }, ...(map && { scale: { min: 0.85 } }) });
}

function zoomButtons(viewer) {
  const canvas = viewer.get("canvas");
  const button = (name, label, act) => {
    const node = element("button", { type: "button", class: "btn btn-sm btn-icon", "aria-label": text(label) }, icon(name));
    node.addEventListener("click", act);
    return node;
  };
  return element(
    "div",
    { class: "db-viewer-zoom db-noprint" },
    button(ICONS.in, "zoom_in", () => viewer.get("zoomScroll").stepZoom(1)),
    button(ICONS.out, "zoom_out", () => viewer.get("zoomScroll").stepZoom(-1)),
    button(ICONS.fit, "zoom_fit", () => canvas.zoom("fit-viewport")),
  );
}

// A click on an element follows its link in the list beside the diagram, which is what a keyboard uses as well.
function followClicks(viewer, listId) {
  viewer.get("eventBus").on("element.click", ({ element: clicked }) => {
    const shape = clicked.labelTarget ?? clicked;
    const link = [...document.querySelectorAll(`#${CSS.escape(listId)} [data-node]`)].find((each) => each.dataset.node === shape.id);
    link?.click();
  });
}

// Two diagrams that are looked at side by side move and zoom together.
function moveAlong(viewer, otherId) {
  viewer.get("eventBus").on("canvas.viewbox.changed", ({ viewbox }) => {
    const other = document.getElementById(otherId)?._viewer?.get("canvas");
    if (!other) return;
    const there = other.viewbox();
    if (Math.abs(there.x - viewbox.x) < 1 && Math.abs(there.y - viewbox.y) < 1 && Math.abs(there.scale - viewbox.scale) < 0.001) return;
    other.viewbox({ x: viewbox.x, y: viewbox.y, width: viewbox.width, height: viewbox.height });
  });
}

// a[data-show-node] in a list shows its element in every diagram of the page that has it.
document.addEventListener("click", (event) => {
  const id = event.target.closest?.("[data-show-node]")?.dataset.showNode;
  if (!id || !event.isTrusted) return; // a click on the diagram comes from there already
  for (const node of document.querySelectorAll("[data-bpmn]")) {
    if (!node._viewer?.get("elementRegistry").get(id)) continue;
    node._viewer.get("canvas").scrollToElement(id);
    for (const found of node.querySelectorAll(".is-found")) found.classList.remove("is-found");
    node._viewer.get("canvas").addMarker(id, "is-found");
  }
});

// A sub-process that is drawn open: what stands inside says more than its own ground would.
function isFrame(shape) {
  return shape.type === "bpmn:SubProcess" && Boolean(shape.children?.length);
}

function draw(viewer, dataset) {
  const data = (name) => JSON.parse(dataset[name] || "{}");
  mark(viewer, data("marks"));
  heat(viewer, data("heat"));
  for (const [id, words] of Object.entries(data("tags"))) overlay(viewer, id, element("div", { class: "db-viewer-tag is-sub" }, words), { bottom: -2, left: 0 }, "tag");
  for (const [id, count] of Object.entries(data("counts"))) overlay(viewer, id, element("div", { class: "db-viewer-tag" }, String(count)), { top: -10, right: 10 }, "count");
  for (const [id, words] of Object.entries(data("alerts"))) overlay(viewer, id, element("div", { class: "db-viewer-tag is-alert" }, words), viewer._map ? { bottom: 6, left: -6 } : { top: -10, left: -6 }, "alert");
}

// New numbers on the picture that is there: nothing is loaded again, and place and zoom stay.
globalThis.dubanViewerUpdate = (node, dataset) => {
  const viewer = node._viewer;
  if (!viewer) return;
  const canvas = viewer.get("canvas");
  for (const type of ["tag", "count", "alert"]) viewer.get("overlays").remove({ type });
  for (const shape of viewer.get("elementRegistry").getAll()) for (let level = 1; level <= 5; level++) canvas.removeMarker(shape, `is-heat-${level}`);
  draw(viewer, dataset);
};

// Reads data-marks, data-heat, data-tags, data-counts, data-alerts (JSON by element id) from the node; rejects when the diagram cannot be read.
globalThis.dubanViewer = async (node) => {
  const response = await fetch(node.dataset.bpmn, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`diagram: ${response.status}`);
  const xml = await response.text();
  const box = element("div", { class: "h-100" });
  const fallback = node.querySelector("[data-bpmn-fallback]");
  fallback?.setAttribute("hidden", "");
  node.append(box);
  const viewer = new NavigatedViewer({ container: box, bpmnRenderer: colours(), ...(node.dataset.along && { canvas: { deferUpdate: false } }) });
  try {
    await viewer.importXML(xml);
  } catch (error) {
    box.remove();
    fallback?.removeAttribute("hidden");
    throw error;
  }
  viewer._map = "heat" in node.dataset;
  draw(viewer, node.dataset);
  if (node.dataset.steps) {
    node.classList.add("is-clickable");
    followClicks(viewer, node.dataset.steps);
  }
  if (node.dataset.along) moveAlong(viewer, node.dataset.along);
  node.append(zoomButtons(viewer));
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  const registry = viewer.get("elementRegistry");
  const shown = (state) => state === "now" || (node.dataset.along && state in MARKS && !["done", "off"].includes(state));
  const isStep = ([id, state]) => shown(state) && registry.get(id) && !isFrame(registry.get(id));
  const now = Object.entries(JSON.parse(node.dataset.marks || "{}")).find(isStep)?.[0];
  if (now && canvas.zoom() < 0.6) {
    canvas.zoom(0.75); // too small to read: show the current step instead of the whole
    canvas.scrollToElement(now);
  }
  const drawing = box.querySelector("svg");
  drawing?.setAttribute("aria-hidden", "true"); // the figure's label says it
  drawing?.setAttribute("tabindex", "-1"); // what is hidden must not take the focus
  node._viewer = viewer;
  return viewer;
};
