// bpmn-js with our palette, menus, texts and extension elements.
import Modeler from "bpmn-js/lib/Modeler";
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import minimap from "diagram-js-minimap";
import { layOut } from "./layout.js";
import names from "./names.js";
import { noPalette } from "./palette.js";
import { colours } from "./pictures.js";
import rules from "./rules.js";
import { simulation } from "./simulation.js";
import spiff from "./spiff.js";
import translation from "./translate.js";

// The modeler would write the drawing's parts in an order of its own at every save, and leave out what it does not show.
const asWritten = { bpmnDiOrdering: ["value", null] };

const common = (container) => ({ container, moddleExtensions: { spiffworkflow: spiff }, bpmnRenderer: colours() });

export const createModeler = (container) => new Modeler({ ...common(container), additionalModules: [translation, names, asWritten, noPalette, rules, minimap, simulation] });
export const createViewer = (container) => new NavigatedViewer({ ...common(container), additionalModules: [translation, names] });

// Shows a diagram. Gives what could not be read, and whether places were given to what had none.
export async function show(modeler, xml) {
  const read = await modeler.get("moddle").fromXML(xml);
  const laidOut = layOut(modeler.get("moddle"), read.rootElement);
  const text = laidOut ? (await modeler.get("moddle").toXML(read.rootElement, { format: true })).xml : xml;
  const { warnings } = await modeler.importXML(text);
  return { laidOut, warnings: [...(laidOut ? read.warnings : []), ...warnings].map((each) => each.message) };
}

export const xmlOf = async (modeler) => (await modeler.saveXML({ format: true })).xml;
