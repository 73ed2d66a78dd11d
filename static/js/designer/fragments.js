// Ready fragments: a small diagram of the catalogue, put into this one as a whole. What it is made of lies on the server
// (app/designer/editor/fragments): between `in` and `out` stands what is inserted.
import { is, semantic, words } from "./model.js";
import { way } from "./rules.js";

const [IN, OUT] = ["in", "out"];
const GAP = 60; // between a step and what is put after it
const LATE = 100; // after the modeler has put everything into its lane
const PRIORITY = { boundary: 2, connection: 3, label: 4 };

export class Fragments {
  constructor({ modeler, model }) {
    Object.assign(this, { modeler, model, claimed: new Set() });
    const settle = ({ context }) => context.hints?.fragment && this.laneDecides(context.elements);
    modeler.get("eventBus").on("commandStack.elements.create.postExecuted", LATE, settle);
    // The modeler selects all that was let go.
    modeler.get("eventBus").on("create.end", LATE, ({ context }) => context.hints?.fragment && this.select(context.hints.fragment));
  }

  // Ids that are taken here get a number, wherever the fragment mentions them.
  renamed(xml) {
    return [...xml.matchAll(/<bpmn:\w+ id="(\w+)"/g)].reduce((text, [, id]) => {
      const fresh = this.free(id);
      return fresh === id || [IN, OUT].includes(id) ? text : text.replace(new RegExp(`\\b${id}\\b`, "g"), fresh);
    }, xml);
  }

  free(id) {
    const { ids } = this.modeler.get("moddle");
    let fresh = id;
    for (let n = 2; this.taken(fresh); n += 1) fresh = `${id}_${n}`;
    if (ids.assigned(fresh)) ids.unclaim(fresh); // of a fragment that was undone or not let go
    this.claimed.add(fresh);
    return fresh;
  }

  taken(id) {
    return Boolean(this.modeler.get("elementRegistry").get(id)) || (this.modeler.get("moddle").ids.assigned(id) && !this.claimed.has(id));
  }

  // As what lies in the clipboard: the modeler pastes it. `entry` and `exit` are the ids of its first step and last flow.
  async read({ id, xml }) {
    const { rootElement } = await this.modeler.get("moddle").fromXML(this.renamed(xml));
    const shown = rootElement.get("diagrams")[0].get("plane").get("planeElement");
    const begin = shown.find((each) => each.bpmnElement.sourceRef?.id === IN).bpmnElement;
    const exit = shown.find((each) => each.bpmnElement.targetRef?.id === OUT).bpmnElement;
    exit.targetRef.id = this.free(`${id}_finished`);
    const parts = shown.filter((each) => each.bpmnElement !== begin && each.bpmnElement.id !== IN);
    return { tree: { 0: parts.flatMap(described) }, entry: begin.targetRef.id, exit: exit.id };
  }

  // Following the mouse, until it is let go; it ends with its own end.
  async drag(fragment) {
    const { tree, entry } = await this.read(fragment);
    this.modeler.get("copyPaste").paste({ tree, hints: { fragment: entry } });
  }

  select(id) {
    const first = this.modeler.get("elementRegistry").get(id);
    if (first) this.modeler.get("selection").select(first);
  }

  // After a step, between it and what follows; on a flow, between its ends; without either in the middle of what is seen.
  async insert(fragment, selected, target) {
    const read = await this.read(fragment);
    let made;
    this.model.together(() => (made = this.place(read, selected, target)));
    return made;
  }

  place(read, selected, target) {
    const modeling = this.modeler.get("modeling");
    const flow = this.flow(selected);
    const source = flow?.source ?? (is(selected, "bpmn:EndEvent") ? null : selected); // nothing comes after an end
    const box = extent(read.tree[0]);
    const first = read.tree[0].find((each) => each.id === read.entry);
    const at = source ? this.after(source, flow?.target, box, first) : this.beside(target, box);
    const pasted = this.modeler.get("copyPaste").paste({ tree: read.tree, element: source?.parent ?? target.element, point: at, hints: { fragment: read.entry } });
    const byId = (id) => pasted.find((each) => semantic(each).id === id && !each.labelTarget);
    const entry = byId(read.entry);
    const exit = byId(read.exit);
    if (flow) {
      const end = exit.target;
      const next = flow.target;
      modeling.reconnectEnd(flow, entry, middle(entry));
      modeling.reconnectEnd(exit, next, middle(next));
      modeling.removeElements([end]);
    } else if (source) modeling.connect(source, entry);
    return entry;
  }

  // The way that leads on from here: a flow itself, the one before an end, the only one out of a step.
  flow(selected) {
    if (!selected || is(selected, "bpmn:SequenceFlow")) return selected;
    if (is(selected, "bpmn:EndEvent")) return selected.incoming.length === 1 ? selected.incoming[0] : null;
    return way(selected);
  }

  // In a lane that says who does its steps the fragment does not say otherwise.
  laneDecides(pasted) {
    const lanes = this.modeler.get("elementRegistry").filter((each) => is(each, "bpmn:Lane") && semantic(each).get("name"));
    for (const step of pasted) {
      const own = semantic(step);
      if (!step.labelTarget && words(step).role && lanes.some((lane) => semantic(lane).get("flowNodeRef").includes(own))) this.model.setWord(step, "role", "");
    }
  }

  // The middle of the place after a step; what stands there moves to the right, a lane that is too low grows.
  after(source, next, box, first) {
    const left = source.x + source.width + GAP;
    const level = Math.round(source.y + source.height / 2 - (first.y + first.height / 2 - box.y));
    const branches = next ? [] : source.outgoing.map(({ target }) => target.y + target.height + GAP / 2); // one more below them
    const top = Math.max(level, ...branches);
    const right = left + box.width + GAP;
    const overlapping = (each) => each.x < right && each.x + each.width > source.x + source.width && each.y < top + box.height + GAP / 2 && each.y + each.height > top - GAP / 2;
    const blocked = this.shapes(source.parent).filter((each) => each !== source && each.host !== source && overlapping(each));
    if (next && next.x >= source.x + source.width) blocked.push(next);
    const start = source.x + source.width + 1;
    if (blocked.length) this.space("x", start, right - Math.max(start, Math.min(...blocked.map((each) => each.x))));
    const lane = this.lane(source);
    if (lane) this.space("y", lane.y + lane.height - 1, top + box.height + GAP / 2 - lane.y - lane.height);
    return { x: left + box.width / 2, y: top + box.height / 2 };
  }

  // The nearest place below a point where nothing stands; a pool grows where it has to.
  beside({ at, element: parent }, box) {
    const left = Math.max(at.x - box.width / 2, bounded(parent) ? parent.x + GAP + GAP / 2 : -Infinity);
    const near = (each, top) => each.x < left + box.width + GAP / 2 && each.x + each.width > left - GAP / 2 && each.y < top + box.height + GAP / 2 && each.y + each.height > top - GAP / 2;
    const others = this.shapes(parent).sort((a, b) => a.y - b.y);
    let top = at.y - box.height / 2;
    for (const each of others) if (near(each, top)) top = each.y + each.height + GAP / 2;
    if (bounded(parent)) this.space("y", parent.y + parent.height - 1, top + box.height + GAP / 2 - parent.y - parent.height);
    if (bounded(parent)) this.space("x", parent.x + parent.width - 1, left + box.width + GAP / 2 - parent.x - parent.width);
    return { x: left + box.width / 2, y: top + box.height / 2 };
  }

  shapes(parent) {
    return parent.children.filter((each) => !each.waypoints && !each.labelTarget && !is(each, "bpmn:Lane") && !is(each, "bpmn:Participant"));
  }

  // The box that bounds a step's row: its lane, else its pool or sub-process.
  lane(step) {
    const own = semantic(step);
    const lanes = this.modeler.get("elementRegistry").filter((each) => is(each, "bpmn:Lane") && semantic(each).get("flowNodeRef").includes(own));
    return lanes.sort((a, b) => a.height - b.height)[0] ?? (bounded(step.parent) ? step.parent : null);
  }

  space(axis, start, length) {
    if (length <= 0) return;
    const tool = this.modeler.get("spaceTool");
    const delta = { x: 0, y: 0, [axis]: Math.ceil(length) };
    const all = this.modeler.get("elementRegistry").filter((each) => each.parent);
    const { movingShapes, resizingShapes } = tool.calculateAdjustments(all, axis, delta[axis], start);
    tool.makeSpace(movingShapes, resizingShapes, delta, axis === "x" ? "e" : "s", start);
  }
}

const bounded = (box) => Number.isFinite(box.x); // the canvas itself has a width, but no place
const middle = (shape) => ({ x: shape.x + shape.width / 2, y: shape.y + shape.height / 2 });

function extent(parts) {
  const points = parts.flatMap((each) => each.waypoints ?? [each, { x: each.x + each.width, y: each.y + each.height }]);
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

// One drawn element, and its label where it has a place of its own.
function described(di) {
  const own = di.bpmnElement;
  const label = di.get("label")?.get("bounds");
  const place = ({ x, y, width, height }) => ({ x, y, width, height });
  const common = { id: own.id, type: own.$type, businessObject: own, di, ...(own.default && { default: own.default.id }) };
  const part = di.waypoint
    ? { ...common, priority: PRIORITY.connection, source: own.sourceRef.id, target: own.targetRef.id, waypoints: di.waypoint.map(({ x, y }) => ({ x, y })) }
    : { ...common, priority: own.attachedToRef ? PRIORITY.boundary : 1, ...(own.attachedToRef && { host: own.attachedToRef.id }), ...place(di.get("bounds")) };
  return label ? [part, { id: `${own.id}_label`, type: "label", priority: PRIORITY.label, labelTarget: own.id, ...place(label) }] : [part];
}
