// Copy in one process, paste into another, in another tab too: what was copied lies in the browser's own storage.
const KEY = "duban.designer.clipboard";

// Moddle elements come back as such; one that was referred to several times comes back once. Only BPMN's own ids are
// identities: those of parameters are names.
function reviver(moddle) {
  const seen = new Map();
  return (_key, value) => {
    if (!value || typeof value !== "object" || typeof value.$type !== "string") return value;
    const { $type, ...attributes } = value;
    const identity = $type.startsWith("bpmn") && attributes.id ? `${$type}#${attributes.id}` : null;
    if (identity && seen.has(identity)) return seen.get(identity);
    const made = moddle.create($type, attributes);
    if (identity) seen.set(identity, made);
    return made;
  };
}

export function shareClipboard(modeler) {
  const clipboard = modeler.get("clipboard");
  const take = (text) => {
    if (!text) return;
    try {
      clipboard.set(JSON.parse(text, reviver(modeler.get("moddle"))));
    } catch (error) {
      console.warn("copied elements cannot be used here", error);
    }
  };
  modeler.on("copyPaste.elementsCopied", ({ tree }) => {
    try {
      localStorage.setItem(KEY, JSON.stringify(tree));
    } catch (error) {
      console.warn("copied for this tab only", error);
    }
  });
  addEventListener("storage", ({ key, newValue }) => key === KEY && take(newValue));
  take(localStorage.getItem(KEY));
}
