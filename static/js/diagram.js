// [data-bpmn=URL] becomes a live diagram; the viewer is loaded only on pages that have one.
import { eachNow, element } from "./dom.js";

const loading = new Map();

function load(tag, attributes) {
  const key = attributes.src ?? attributes.href;
  if (!loading.has(key)) {
    loading.set(
      key,
      new Promise((resolve, reject) => {
        const node = element(tag, attributes);
        node.addEventListener("load", resolve);
        node.addEventListener("error", reject);
        document.head.append(node);
      }),
    );
  }
  return loading.get(key);
}

const seen = new WeakSet();

async function show(node) {
  if (seen.has(node)) return;
  seen.add(node);
  try {
    await Promise.all([load("link", { rel: "stylesheet", href: node.dataset.viewerCss }), load("script", { src: node.dataset.viewerJs })]);
    await globalThis.dubanViewer(node);
  } catch (error) {
    console.warn("diagram not shown", error); // the list of steps inside stays
  }
}

// Inside a closed details the canvas has no size: wait until it opens.
eachNow("[data-bpmn]", (node) => {
  const closed = node.closest("details:not([open])");
  if (closed) closed.addEventListener("toggle", () => show(node), { once: true });
  else show(node);
});

// [data-bpmn-state=ID] carries the newest numbers for the diagram with that id; the page asks for them again and again.
eachNow("[data-bpmn-state]", (state) => {
  const update = () => {
    const node = document.getElementById(state.dataset.bpmnState);
    if (node?._viewer) globalThis.dubanViewerUpdate(node, state.dataset);
  };
  update();
  new MutationObserver(update).observe(state, { attributes: true });
});
