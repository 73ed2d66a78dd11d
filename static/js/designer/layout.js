// Places for what has none: steps run from left to right in columns, each in its lane; the result is stored as the
// diagram's own layout. Where a part is drawn already, the rest is put below it and nothing that is there moves.
const GAP = { x: 60, y: 40, pad: 40, title: 30 };
const TASK = { width: 100, height: 80 };

const isA = (element, type) => element?.$instanceOf?.(type) ?? false;
const isNode = (element) => isA(element, "bpmn:FlowNode");
const isBoundary = (element) => isA(element, "bpmn:BoundaryEvent");

function sizeOf(node) {
  if (isA(node, "bpmn:Event")) return { width: 36, height: 36 };
  if (isA(node, "bpmn:Gateway")) return { width: 50, height: 50 };
  return { ...TASK };
}

const processesOf = (definitions) => (definitions.rootElements ?? []).filter((each) => each.$type === "bpmn:Process");

function everything(scope, found = []) {
  for (const element of scope.flowElements ?? []) {
    found.push(element);
    if (isA(element, "bpmn:SubProcess")) everything(element, found);
  }
  return found;
}

function drawn(definitions) {
  const places = new Map();
  for (const diagram of definitions.diagrams ?? []) {
    for (const each of diagram.plane?.planeElement ?? []) if (each.bpmnElement) places.set(each.bpmnElement, each);
  }
  return places;
}

// "" nothing to do, "all" nothing is drawn, "some" parts are missing.
export function lacking(definitions) {
  const places = drawn(definitions);
  const wanted = processesOf(definitions).flatMap((process) => everything(process)).filter((each) => isNode(each) || each.$type === "bpmn:SequenceFlow");
  const missing = wanted.filter((each) => !places.has(each));
  if (!missing.length) return definitions.diagrams?.length ? "" : "all";
  return wanted.filter(isNode).some((each) => places.has(each)) ? "some" : "all";
}

class Drawing {
  constructor(moddle, definitions) {
    Object.assign(this, { moddle, definitions, boxes: new Map() });
  }

  make(type, properties, parent) {
    const made = this.moddle.create(type, properties);
    made.$parent = parent;
    return made;
  }

  plane(root) {
    const diagram = this.definitions.diagrams?.[0];
    if (diagram?.plane) {
      diagram.plane.bpmnElement ??= root;
      diagram.plane.planeElement ??= [];
      this.target = diagram.plane;
      return;
    }
    const made = this.make("bpmndi:BPMNDiagram", { id: `${root.id}_diagram` }, this.definitions);
    made.plane = this.make("bpmndi:BPMNPlane", { id: `${root.id}_plane`, bpmnElement: root, planeElement: [] }, made);
    this.definitions.diagrams = [made];
    this.target = made.plane;
  }

  shape(element, box, more = {}) {
    this.boxes.set(element, box);
    const shape = this.make("bpmndi:BPMNShape", { id: `${element.id}_di`, bpmnElement: element, ...more }, this.target);
    shape.bounds = this.make("dc:Bounds", { x: Math.round(box.x), y: Math.round(box.y), width: Math.round(box.width), height: Math.round(box.height) }, shape);
    this.target.planeElement.push(shape);
  }

  edge(element, points) {
    const edge = this.make("bpmndi:BPMNEdge", { id: `${element.id}_di`, bpmnElement: element }, this.target);
    edge.waypoint = points.map(([x, y]) => this.make("dc:Point", { x: Math.round(x), y: Math.round(y) }, edge));
    this.target.planeElement.push(edge);
  }
}

// Columns by the longest way from a start, loops left out.
function columns(nodes, flows) {
  const next = new Map(nodes.map((node) => [node, []]));
  for (const [source, target] of flows) next.get(source)?.push(target);
  const state = new Map();
  const forward = new Map(nodes.map((node) => [node, []]));
  const visit = (start) => {
    const path = [[start, 0]];
    state.set(start, "open");
    while (path.length) {
      const top = path[path.length - 1];
      const target = next.get(top[0])[top[1]++];
      if (target === undefined) {
        state.set(path.pop()[0], "done");
      } else if (state.get(target) !== "open") {
        forward.get(top[0]).push(target);
        if (!state.has(target)) {
          state.set(target, "open");
          path.push([target, 0]);
        }
      }
    }
  };
  const entered = new Set(flows.map(([, target]) => target));
  for (const node of [...nodes.filter((each) => !entered.has(each)), ...nodes]) if (!state.has(node)) visit(node);
  const into = new Map(nodes.map((node) => [node, 0]));
  for (const targets of forward.values()) for (const target of targets) into.set(target, into.get(target) + 1);
  const column = new Map(nodes.map((node) => [node, 0]));
  const ready = nodes.filter((node) => !into.get(node));
  while (ready.length) {
    const node = ready.shift();
    for (const target of forward.get(node)) {
      column.set(target, Math.max(column.get(target), column.get(node) + 1));
      into.set(target, into.get(target) - 1);
      if (!into.get(target)) ready.push(target);
    }
  }
  return column;
}

const leaves = (set) => (set?.lanes ?? []).flatMap((lane) => (lane.childLaneSet?.lanes?.length ? leaves(lane.childLaneSet) : [lane]));

// The inside of a process or sub-process, as boxes around (0, 0), with the height of every lane.
function arrange(scope) {
  const inner = new Map();
  const nodes = (scope.flowElements ?? []).filter((each) => isNode(each) && !isBoundary(each));
  const flows = (scope.flowElements ?? [])
    .filter((each) => each.$type === "bpmn:SequenceFlow" && each.sourceRef && each.targetRef)
    .map((each) => [isBoundary(each.sourceRef) ? each.sourceRef.attachedToRef : each.sourceRef, each.targetRef])
    .filter(([source, target]) => nodes.includes(source) && nodes.includes(target) && source !== target);
  for (const node of nodes) if (isA(node, "bpmn:SubProcess")) inner.set(node, arrange(node));
  const size = (node) => (inner.has(node) ? { width: inner.get(node).width, height: inner.get(node).height } : sizeOf(node));
  const column = columns(nodes, flows);
  const widths = [];
  for (const node of nodes) widths[column.get(node)] = Math.max(widths[column.get(node)] ?? 0, size(node).width);
  const left = [];
  widths.reduce((x, width, at) => ((left[at] = x), x + width + GAP.x), GAP.pad);
  const lanes = leaves(scope.laneSets?.[0]);
  const laneOf = (node) => Math.max(0, lanes.findIndex((lane) => (lane.flowNodeRef ?? []).includes(node)));
  const bands = lanes.length ? lanes : [null];
  const boxes = new Map();
  const heights = [];
  let top = 0;
  bands.forEach((_lane, band) => {
    const stacks = widths.map((_width, at) => nodes.filter((node) => column.get(node) === at && laneOf(node) === band));
    const tall = stacks.map((stack) => stack.reduce((sum, node) => sum + size(node).height + GAP.y, 0));
    const height = Math.max(120, ...tall.map((each) => each + GAP.y));
    stacks.forEach((stack, at) => {
      let y = top + (height - tall[at] + GAP.y) / 2;
      for (const node of stack) {
        const box = size(node);
        boxes.set(node, { x: left[at] + (widths[at] - box.width) / 2, y, ...box });
        y += box.height + GAP.y;
      }
    });
    heights.push(height);
    top += height;
  });
  const last = widths.length - 1;
  return { boxes, inner, lanes, heights, width: (last < 0 ? TASK.width : left[last] + widths[last]) + GAP.pad, height: top };
}

function place(drawing, scope, arranged, x, y) {
  for (const [node, box] of arranged.boxes) {
    const at = { ...box, x: box.x + x, y: box.y + y };
    const inside = arranged.inner.get(node);
    drawing.shape(node, at, inside ? { isExpanded: true } : isA(node, "bpmn:ExclusiveGateway") ? { isMarkerVisible: true } : {});
    if (inside) place(drawing, node, inside, at.x, at.y);
  }
  const count = new Map();
  for (const each of (scope.flowElements ?? []).filter(isBoundary)) attach(drawing, each, count);
}

function attach(drawing, boundary, count) {
  const host = drawing.boxes.get(boundary.attachedToRef);
  if (!host) return;
  const at = count.get(boundary.attachedToRef) ?? 0;
  count.set(boundary.attachedToRef, at + 1);
  drawing.shape(boundary, { x: host.x + host.width - 38 - at * 40, y: host.y + host.height - 18, width: 36, height: 36 });
}

function route(from, to, source) {
  const start = { x: from.x + from.width, y: from.y + from.height / 2 };
  const end = { x: to.x, y: to.y + to.height / 2 };
  if (isBoundary(source)) {
    const out = { x: from.x + from.width / 2, y: from.y + from.height };
    if (to.x > out.x) return [[out.x, out.y], [out.x, Math.max(end.y, out.y + 20)], ...(end.y < out.y + 20 ? [[to.x - 20, out.y + 20], [to.x - 20, end.y]] : []), [end.x, end.y]];
    return [[out.x, out.y], [out.x, out.y + 20], [to.x + to.width / 2, out.y + 20], [to.x + to.width / 2, to.y + (out.y + 20 > to.y ? to.height : 0)]];
  }
  if (end.x >= start.x) {
    const middle = (start.x + end.x) / 2;
    return start.y === end.y ? [[start.x, start.y], [end.x, end.y]] : [[start.x, start.y], [middle, start.y], [middle, end.y], [end.x, end.y]];
  }
  // Back to an earlier step: below both.
  const under = Math.max(from.y + from.height, to.y + to.height) + GAP.y / 2;
  return [[from.x + from.width / 2, from.y + from.height], [from.x + from.width / 2, under], [to.x + to.width / 2, under], [to.x + to.width / 2, to.y + to.height]];
}

function edges(drawing, scope, known) {
  for (const element of everything(scope)) {
    if (element.$type !== "bpmn:SequenceFlow" || known.has(element)) continue;
    const [from, to] = [drawing.boxes.get(element.sourceRef), drawing.boxes.get(element.targetRef)];
    if (from && to) drawing.edge(element, route(from, to, element.sourceRef));
  }
}

// Notes and data objects of a diagram by others: kept, in a row below.
function others(drawing, scope, x, y, known) {
  const found = [...(scope.flowElements ?? []), ...(scope.artifacts ?? [])].filter((each) => !known.has(each) && ["bpmn:DataObjectReference", "bpmn:DataStoreReference", "bpmn:TextAnnotation"].includes(each.$type));
  found.forEach((each, at) => drawing.shape(each, { x: x + at * 140, y, width: each.$type === "bpmn:TextAnnotation" ? 110 : 40, height: 50 }));
  for (const each of (scope.artifacts ?? []).filter((one) => one.$type === "bpmn:Association" && !known.has(one))) {
    const [from, to] = [drawing.boxes.get(each.sourceRef), drawing.boxes.get(each.targetRef)];
    if (from && to) drawing.edge(each, [[from.x + from.width / 2, from.y], [to.x + to.width / 2, to.y + to.height]]);
  }
}

// Lanes can only be drawn inside a pool.
function pools(drawing, definitions) {
  const found = (definitions.rootElements ?? []).find((each) => each.$type === "bpmn:Collaboration");
  if (found || !processesOf(definitions).some((each) => leaves(each.laneSets?.[0]).length)) return found;
  const made = drawing.make("bpmn:Collaboration", { id: `${processesOf(definitions)[0].id}_collaboration`, participants: [] }, definitions);
  made.participants = processesOf(definitions).map((process) => drawing.make("bpmn:Participant", { id: `${process.id}_pool`, name: process.name, processRef: process }, made));
  definitions.rootElements.unshift(made);
  return made;
}

function lanesOf(drawing, set, x, y, width, heights, count = { at: 0 }) {
  for (const lane of set?.lanes ?? []) {
    const top = heights.slice(0, count.at).reduce((sum, each) => sum + each, y);
    const inner = lane.childLaneSet?.lanes?.length ? lane.childLaneSet : null;
    if (inner) lanesOf(drawing, inner, x + GAP.title, y, width - GAP.title, heights, count);
    else count.at += 1;
    const bottom = heights.slice(0, count.at).reduce((sum, each) => sum + each, y);
    drawing.shape(lane, { x, y: top, width, height: bottom - top }, { isHorizontal: true });
  }
}

function whole(drawing, definitions) {
  definitions.diagrams = [];
  const collaboration = pools(drawing, definitions);
  drawing.plane(collaboration ?? processesOf(definitions)[0]);
  let y = 80;
  for (const process of processesOf(definitions)) {
    const arranged = arrange(process);
    const pool = collaboration?.participants?.find((each) => each.processRef === process);
    if (collaboration && !pool) continue; // cannot be shown beside pools; kept as it is
    const depth = pool ? GAP.title * (arranged.lanes.length ? 2 : 1) : 0;
    const x = 160;
    if (pool) drawing.shape(pool, { x, y, width: arranged.width + depth, height: arranged.height }, { isHorizontal: true });
    if (pool) lanesOf(drawing, process.laneSets?.[0], x + GAP.title, y, arranged.width + depth - GAP.title, arranged.heights);
    place(drawing, process, arranged, x + depth, y);
    edges(drawing, process, new Map());
    others(drawing, process, x + depth + GAP.pad, y + arranged.height - 60, new Map());
    y += arranged.height + 60;
  }
  for (const pool of (collaboration?.participants ?? []).filter((each) => !each.processRef)) {
    drawing.shape(pool, { x: 160, y, width: 600, height: 60 }, { isHorizontal: true });
    y += 100;
  }
  for (const flow of collaboration?.messageFlows ?? []) {
    const [from, to] = [drawing.boxes.get(flow.sourceRef), drawing.boxes.get(flow.targetRef)];
    if (from && to) drawing.edge(flow, [[from.x + from.width / 2, from.y + (to.y > from.y ? from.height : 0)], [from.x + from.width / 2, to.y + (to.y > from.y ? 0 : to.height)]]);
  }
}

function rest(drawing, definitions) {
  const known = drawn(definitions);
  drawing.plane(processesOf(definitions)[0]);
  let bottom = 0;
  for (const [element, di] of known) {
    if (!di.bounds) continue;
    drawing.boxes.set(element, di.bounds);
    bottom = Math.max(bottom, di.bounds.y + di.bounds.height);
  }
  let x = 160;
  for (const process of processesOf(definitions)) {
    const missing = everything(process).filter((each) => isNode(each) && !known.has(each));
    const count = new Map();
    for (const node of missing.filter((each) => !isBoundary(each))) {
      const size = sizeOf(node);
      drawing.shape(node, { x, y: bottom + 60 + (TASK.height - size.height) / 2, ...size });
      x += size.width + GAP.x;
    }
    for (const node of missing.filter(isBoundary)) attach(drawing, node, count);
    edges(drawing, process, known);
  }
}

// Lays out what has no place. Says whether it did anything.
export function layOut(moddle, definitions) {
  const what = lacking(definitions);
  if (!what || !processesOf(definitions).length) return false;
  const drawing = new Drawing(moddle, definitions);
  if (what === "all") whole(drawing, definitions);
  else rest(drawing, definitions);
  return true;
}
