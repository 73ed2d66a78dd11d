// What the menus of the modeler offer: only what the engine carries out (docs: bpmn/README.md, The diagram).
import RuleProvider from "diagram-js/lib/features/rules/RuleProvider";
import { is } from "bpmn-js/lib/util/ModelUtil";
import { words } from "./model.js";

// Ids of bpmn-js' own menu entries, by what they would make.
const REFUSED = [
  /^replace-with-task$/,
  /complex-gateway/,
  /transaction/,
  /ad-hoc/,
  /compensation/,
  /cancel/,
  /data-(object|store)/,
  /^replace-with-(timer|conditional)-start$/, // of a process; inside an event sub-process they are carried out
  /^toggle-(parallel-mi|sequential-mi|loop|is-collection|participant-multiplicity|adhoc)$/,
];
const EVENT_STARTS = /^replace-with-(non-interrupting-)?(timer|conditional)-start$/;

class Menu {
  constructor(popupMenu) {
    popupMenu.registerProvider("bpmn-replace", 100, this);
  }

  getPopupMenuEntries(target) {
    const inEventProcess = target.parent?.businessObject?.triggeredByEvent;
    return (entries) => Object.fromEntries(Object.entries(entries).filter(([id]) => (inEventProcess && EVENT_STARTS.test(id)) || !REFUSED.some((each) => each.test(id))));
  }

  getPopupMenuHeaderEntries() {
    return (entries) => Object.fromEntries(Object.entries(entries).filter(([id]) => !REFUSED.some((each) => each.test(id))));
  }
}
Menu.$inject = ["popupMenu"];

// A task without a type is refused: what is appended is a person's step.
class Pad {
  constructor(contextPad, elementFactory, autoPlace, create) {
    Object.assign(this, { elementFactory, autoPlace, create });
    contextPad.registerProvider(100, this);
  }

  getContextPadEntries(element) {
    return (entries) => {
      const { "append.append-task": task, "append.compensation-activity": _gone, ...kept } = entries;
      if (!task) return kept;
      const shape = () => this.elementFactory.createShape({ type: "bpmn:UserTask" });
      const click = (_event, source) => this.autoPlace.append(source, shape());
      const dragstart = (event, source) => this.create.start(event, shape(), { source });
      return { ...kept, "append.user-task": { ...task, className: "bpmn-icon-user-task", action: { click, dragstart } } };
    };
  }
}
Pad.$inject = ["contextPad", "elementFactory", "autoPlace", "create"];

// A step that the law asks for stays; the panel says so.
class Statutory extends RuleProvider {
  init() {
    this.addRule("elements.delete", 2000, ({ elements }) => {
      const kept = elements.filter((each) => words(each).statutory !== "true");
      return kept.length === elements.length ? undefined : kept;
    });
  }
}
Statutory.$inject = ["eventBus"];

// What is put after a step with one way on stands between the two: left beside it, both would be taken at once.
class Between {
  constructor(commandStack, autoPlace, modeling) {
    Object.assign(this, { commandStack, autoPlace, modeling });
    commandStack.register("duban.append", { preExecute: (context) => this.place(context) });
  }

  append(source, shape) {
    const context = { source, shape };
    this.commandStack.execute("duban.append", context);
    return context.made;
  }

  place(context) {
    const { source, shape } = context;
    const leadsOn = is(shape, "bpmn:FlowNode") && !is(shape, "bpmn:EndEvent");
    const flow = leadsOn ? way(source) : null;
    context.made = this.autoPlace.append(source, shape);
    if (flow) this.modeling.reconnectStart(flow, context.made, { x: context.made.x + context.made.width / 2, y: context.made.y + context.made.height / 2 });
  }
}
Between.$inject = ["commandStack", "autoPlace", "modeling"];

// The one flow that leaves a step without a condition.
export function way(source) {
  if (is(source, "bpmn:Gateway")) return null;
  const flows = source.outgoing.filter((each) => is(each, "bpmn:SequenceFlow"));
  return flows.length === 1 && !flows[0].businessObject.conditionExpression ? flows[0] : null;
}

export default {
  __init__: ["dubanMenu", "dubanPad", "dubanStatutory"],
  between: ["type", Between],
  dubanMenu: ["type", Menu],
  dubanPad: ["type", Pad],
  dubanStatutory: ["type", Statutory],
};
