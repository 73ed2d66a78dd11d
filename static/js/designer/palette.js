// The palette: insert by click or key (after what is selected, else in the middle), or by dragging onto the canvas.
import { element as make, icon } from "../dom.js";
import { groups, tools } from "./entries.js";
import { Fragments } from "./fragments.js";
import { is } from "./model.js";
import { t } from "./words.js";

// bpmn-js' own palette stays empty: ours is a list of buttons beside the canvas.
class Nothing {
  constructor(palette) {
    palette.registerProvider(this);
  }

  getPaletteEntries() {
    return {};
  }
}
Nothing.$inject = ["palette"];
export const noPalette = { __init__: ["paletteProvider"], paletteProvider: ["type", Nothing] };

const HOSTS = ["bpmn:UserTask", "bpmn:ManualTask", "bpmn:ReceiveTask", "bpmn:SubProcess", "bpmn:CallActivity"];

export class Palette {
  constructor({ box, modeler, model, say }) {
    Object.assign(this, { modeler, model, say, ready: [] });
    this.fragments = new Fragments({ modeler, model });
    this.list = make("div", { id: "palette-list" });
    const filter = make("input", { type: "search", class: "form-control form-control-sm", placeholder: t("查找元素"), "aria-label": t("查找元素"), id: "palette-filter" });
    filter.addEventListener("input", () => this.draw(filter.value));
    filter.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") this.list.querySelector("button")?.focus();
      if (event.key === "Enter") this.list.querySelector("button")?.click();
    });
    this.list.addEventListener("keydown", (event) => this.walk(event));
    this.list.addEventListener("focusin", ({ target }) => this.rove(target));
    box.replaceChildren(filter, this.list);
    this.filter = filter;
    this.draw("");
  }

  // What the catalogue has of ready fragments; they are filled in for the forms that the draft has now.
  offer(fragments) {
    const shown = this.ready.length;
    this.ready = fragments;
    if (shown !== fragments.length) this.draw(this.filter.value);
  }

  draw(filter) {
    const wanted = filter.trim().toLowerCase();
    const shown = [
      ...groups().map(([title, entries]) => [title, entries, (entry) => this.entry(entry)]),
      [t("常用片段"), this.ready.map(({ id, icon: name, title }) => ({ id, icon: name, label: title })), (entry) => this.fragment(entry)],
      [t("工具"), tools(), (tool) => this.tool(tool)],
    ];
    const parts = shown.flatMap(([title, entries, button]) => {
      const found = entries.filter((each) => !wanted || each.label.toLowerCase().includes(wanted) || title.toLowerCase().includes(wanted));
      return found.length ? [make("h2", {}, title), ...found.map(button)] : [];
    });
    this.list.replaceChildren(...(parts.length ? parts : [make("p", { class: "db-mute db-sm" }, t("没有这样的元素"))]));
    this.rove(this.list.querySelector("button"));
  }

  // One stop for Tab, the arrows go on from there: forty stops would stand between the filter and the canvas.
  rove(stop) {
    for (const each of this.list.querySelectorAll("button")) each.tabIndex = each === stop ? 0 : -1;
  }

  walk(event) {
    const buttons = [...this.list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || !buttons[to]) return;
    event.preventDefault();
    buttons[to].focus();
  }

  entry(entry) {
    const button = make("button", { type: "button", draggable: "true", "data-entry": entry.id }, icon(entry.icon), entry.label);
    button.addEventListener("click", () => this.insert(entry));
    button.addEventListener("dragstart", (event) => {
      event.preventDefault();
      this.modeler.get("create").start(event, this.shape(entry));
    });
    return button;
  }

  fragment(entry) {
    const now = () => this.ready.find((each) => each.id === entry.id);
    const button = make("button", { type: "button", draggable: "true", "data-fragment": entry.id }, icon(entry.icon), entry.label);
    button.addEventListener("click", () => this.insertFragment(now()));
    button.addEventListener("dragstart", (event) => {
      event.preventDefault();
      this.fragments.drag(now());
    });
    return button;
  }

  async insertFragment(fragment) {
    const selected = this.modeler.get("selection").get();
    const one = selected.length === 1 ? (selected[0].labelTarget ?? selected[0]) : null;
    const usable = one && (is(one, "bpmn:FlowNode") || is(one, "bpmn:SequenceFlow")) ? one : null;
    const middle = this.middle();
    const made = await this.fragments.insert(fragment, usable, { at: middle, element: this.target(middle) ?? this.modeler.get("canvas").getRootElement() });
    this.modeler.get("selection").select(made);
    this.modeler.get("canvas").scrollToElement(made);
    this.say(t("已添加{what}", { what: fragment.title }));
  }

  middle() {
    const box = this.modeler.get("canvas").viewbox();
    return { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) };
  }

  tool(tool) {
    const button = make("button", { type: "button", "data-entry": tool.id }, icon(tool.icon), tool.label);
    button.addEventListener("click", (event) => this.modeler.get("editorActions").trigger(tool.action, { event }));
    return button;
  }

  shape(entry) {
    const factory = this.modeler.get("elementFactory");
    if (entry.shape.type === "bpmn:Participant") return factory.createParticipantShape();
    const { cancelActivity, ...attributes } = entry.shape;
    const shape = factory.createShape(attributes);
    if (cancelActivity === false) shape.businessObject.cancelActivity = false;
    if (entry.name) shape.businessObject.name = entry.name;
    if (entry.words) {
      const own = shape.businessObject;
      const holder = this.model.create("bpmn:ExtensionElements", { values: [] }, own);
      const words = this.model.create("spiffworkflow:Properties", {}, holder);
      words.properties = Object.entries(entry.words).map(([name, value]) => this.model.create("spiffworkflow:Property", { name, value }, words));
      holder.values = [words];
      own.extensionElements = holder;
    }
    return shape;
  }

  insert(entry) {
    const selected = this.modeler.get("selection").get();
    const one = selected.length === 1 ? selected[0] : null;
    const made = entry.attach ? this.attach(entry, one) : entry.shape.type === "bpmn:Participant" ? this.lane(one) : this.append(entry, one);
    if (!made) return;
    this.modeler.get("selection").select(made);
    this.modeler.get("canvas").scrollToElement(made);
    this.say(t("已添加{what}", { what: entry.label }));
  }

  attach(entry, host) {
    if (!host || !HOSTS.some((type) => is(host, type))) {
      this.say(t("先选中一个步骤，再添加{what}", { what: entry.label }));
      return null;
    }
    const taken = (host.attachers ?? []).length;
    const at = { x: host.x + host.width - 20 - 40 * taken, y: host.y + host.height };
    return this.modeler.get("modeling").createShape(this.shape(entry), at, host, { attach: true });
  }

  // A lane below the selected one; a pool with its first lane where there is none.
  lane(selected) {
    const modeling = this.modeler.get("modeling");
    const registry = this.modeler.get("elementRegistry");
    const pool = selected && (is(selected, "bpmn:Lane") || is(selected, "bpmn:Participant")) ? selected : registry.find((each) => is(each, "bpmn:Participant"));
    if (pool) return modeling.addLane(pool, "bottom");
    const root = this.modeler.get("canvas").getRootElement();
    return modeling.createShape(this.modeler.get("elementFactory").createParticipantShape(), this.around(root), root);
  }

  // A box around everything that is drawn, with room for the pool's name; in the middle where nothing is.
  around(root) {
    const shapes = root.children.filter((each) => !each.waypoints);
    if (!shapes.length) {
      const box = this.modeler.get("canvas").viewbox();
      return { x: box.x + box.width / 2 - 300, y: box.y + box.height / 2 - 125, width: 600, height: 250 };
    }
    const left = Math.min(...shapes.map((each) => each.x)) - 80;
    const top = Math.min(...shapes.map((each) => each.y)) - 40;
    const right = Math.max(...shapes.map((each) => each.x + each.width)) + 50;
    const bottom = Math.max(...shapes.map((each) => each.y + each.height)) + 40;
    return { x: left, y: top, width: Math.max(600, right - left), height: Math.max(250, bottom - top) };
  }

  append(entry, source) {
    const shape = this.shape(entry);
    const follows = source && is(source, "bpmn:FlowNode") && !is(source, "bpmn:EndEvent") && entry.shape.type !== "bpmn:StartEvent";
    if (follows || (source && is(source, "bpmn:FlowNode") && entry.shape.type === "bpmn:TextAnnotation")) return this.modeler.get("between").append(source, shape);
    const canvas = this.modeler.get("canvas");
    const middle = this.middle();
    const target = this.target(middle) ?? canvas.getRootElement();
    const within = (value, from, length) => (!Number.isFinite(from) ? value : Math.max(from + 80, Math.min(value, from + length - 80)));
    const at = { x: within(middle.x, target.x, target.width), y: within(middle.y, target.y, target.height) };
    return this.modeler.get("modeling").createShape(shape, at, target);
  }

  // What lies under a point: elements go into the pool or the sub-process that is drawn there.
  target(at) {
    const inside = (each) => at.x > each.x && at.x < each.x + each.width && at.y > each.y && at.y < each.y + each.height;
    const boxes = this.modeler.get("elementRegistry").filter((each) => is(each, "bpmn:Participant") || (is(each, "bpmn:SubProcess") && !each.collapsed));
    const pools = boxes.filter((each) => is(each, "bpmn:Participant"));
    const found = boxes.filter(inside).sort((a, b) => a.width * a.height - b.width * b.height)[0];
    return found ?? pools[0];
  }
}
