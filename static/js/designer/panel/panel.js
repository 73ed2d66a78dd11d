// The properties panel: office words for what is selected, or for the process where nothing is.
import { element as make, icon } from "../../dom.js";
import { area, group, line, note } from "../fields.js";
import { event as definitionOf, eventKind, is, semantic, upstream, words } from "../model.js";
import { pick, t } from "../words.js";
import { event, lane, messaging } from "./event.js";
import { flow, gateway } from "./flow.js";
import { advanced, basics, data } from "./process.js";
import { acting, handling, statutory } from "./step.js";
import { call, decision, script, service } from "./work.js";

const HUMAN = ["bpmn:UserTask", "bpmn:ManualTask"];
const ID = /^[A-Za-z_][\w.-]*$/;
const NAMED = ["bpmn:FlowNode", "bpmn:SequenceFlow", "bpmn:Participant"];
const ICONS = { step: "square", process: "sitemap" };

const isAny = (element, types) => types.some((type) => is(element, type));

export class Panel {
  constructor({ box, modeler, model, typeName, readManifest, writeManifest }) {
    Object.assign(this, { box, modeler, model, typeName, readManifest, writeManifest });
    this.catalogue = { roles: [], lanes: [], rules: [], services: [], checks: [], forms: [], decisions: [], processes: [], functions: [], variables: [] };
    this.tab = "main";
    this.element = null;
    this.pressed = false;
    const bus = modeler.get("eventBus");
    bus.on("selection.changed", ({ newSelection }) => this.show(newSelection.length === 1 ? newSelection[0] : null, newSelection.length));
    bus.on("commandStack.changed", () => this.later());
    // A click on a button must not find the panel drawn anew between press and release.
    box.addEventListener("pointerdown", () => (this.pressed = true), true);
    document.addEventListener("pointerup", () => setTimeout(() => ((this.pressed = false), this.waiting && this.draw()), 0), true);
  }

  show(element, count = element ? 1 : 0) {
    // What is typed and not yet settled belongs to the element that it was typed for.
    if (this.box.contains(document.activeElement)) document.activeElement.blur();
    const shown = element?.labelTarget ?? element;
    this.several = count > 1 ? count : 0;
    const next = shown && !is(shown, "bpmn:Process") && !is(shown, "bpmn:Collaboration") ? shown : null;
    if (!next !== !this.element) this.tab = "main"; // the tabs of the process are not those of a step
    this.element = next;
    this.draw();
  }

  select(element) {
    this.modeler.get("selection").select(element);
    this.modeler.get("canvas").scrollToElement(element);
  }

  later() {
    this.waiting = true;
    if (!this.pressed) setTimeout(() => this.waiting && !this.pressed && this.draw(), 0);
  }

  laneOf() {
    const own = semantic(this.element);
    for (const each of this.modeler.get("elementRegistry").filter((one) => is(one, "bpmn:Lane"))) {
      if (semantic(each).get("flowNodeRef").includes(own) && !semantic(each).get("childLaneSet")) return semantic(each).get("name");
    }
    return undefined;
  }

  variable(name) {
    return this.catalogue.variables.find((each) => each.name === name);
  }

  // [[group, [[name, text] …]] …]: what is certainly known here first, then what other branches bring.
  variables() {
    const before = this.element ? upstream(this.element) : null;
    const known = (each) => !before || each.from === null || each.from.some((id) => before.has(id));
    const shown = (each) => [each.name, each.label && each.label !== each.name ? `${each.label}　${each.name}` : each.name];
    const groups = [
      [t("此前已知"), this.catalogue.variables.filter(known).map(shown)],
      [t("其他分支或之后才有"), this.catalogue.variables.filter((each) => !known(each)).map(shown)],
    ];
    return groups.filter((each) => each[1].length);
  }

  manifest() {
    const manifest = this.readManifest();
    return { manifest, change: (changes) => this.writeManifest(changes) };
  }

  names(label = t("名称")) {
    const own = semantic(this.element);
    const given = words(this.element);
    return make(
      "div",
      { class: "in is-first" },
      area({ key: "name", label, rows: 1, value: own.get("name"), set: (name) => this.model.update(this.element, { name: name.trim() || undefined }) }),
      line({ key: "name_en", label: t("英文名称"), value: given.name_en, set: (value) => this.model.setWord(this.element, "name_en", value) }),
      ...(given.statutory === "true" ? [note(t("法定环节，不能删除或绕过"))] : []),
    );
  }

  tabs() {
    const { element } = this;
    if (!element) return [["main", t("流程"), () => basics(this)], ["data", t("数据"), () => data(this)], ["more", t("高级"), () => advanced(this)]];
    const more = ["more", t("高级"), () => this.more()];
    if (isAny(element, HUMAN)) return [["main", t("办理"), () => handling(this)], ["acts", t("动作"), () => acting(this)], more];
    return [["main", t("设置"), () => this.main()], more];
  }

  main() {
    const { element } = this;
    if (is(element, "bpmn:ServiceTask")) return service(this);
    if (is(element, "bpmn:ScriptTask")) return script(this);
    if (is(element, "bpmn:BusinessRuleTask")) return decision(this);
    if (is(element, "bpmn:CallActivity")) return call(this);
    if (isAny(element, ["bpmn:SendTask", "bpmn:ReceiveTask"])) return messaging(this);
    if (is(element, "bpmn:SequenceFlow")) return flow(this);
    if (is(element, "bpmn:Gateway")) return gateway(this);
    if (is(element, "bpmn:Lane")) return lane(this);
    if (is(element, "bpmn:Event")) return event(this);
    if (is(element, "bpmn:SubProcess")) return [this.names(), semantic(element).get("triggeredByEvent") && note(t("事件子流程：由里面的开始事件启动"))];
    if (is(element, "bpmn:TextAnnotation")) return [make("div", { class: "in is-first" }, area({ key: "text", label: t("批注"), value: semantic(element).get("text"), set: (text) => this.model.update(element, { text }) }))];
    return isAny(element, NAMED) ? [this.names()] : [];
  }

  more() {
    const { element, model } = this;
    const own = semantic(element);
    const documentation = own.get("documentation")?.[0]?.get("text") ?? "";
    const rename = (value) => {
      const id = value.trim();
      const taken = id !== own.get("id") && this.modeler.get("moddle").ids.assigned(id);
      this.refused = !ID.test(id) ? t("编号以字母开头，只含字母、数字和 _ - .") : taken ? t("编号 {id} 已经用了", { id }) : "";
      if (this.refused) this.draw();
      else model.update(element, { id });
    };
    const box = make("div", { class: "in is-first" }, line({ key: "id", label: t("编号"), mono: true, value: own.get("id"), set: rename, warn: this.refused, help: t("日志、迁移和数据接口用它认这一步，发布后不要改") }));
    this.refused = "";
    const activity = is(element, "bpmn:Activity");
    return [
      box,
      activity && group("statutory", t("法定"), [statutory(this)]),
      group("documentation", t("说明"), [area({ key: "documentation", label: t("给看图的人"), value: documentation, set: (text) => this.document(text.trim()) })]),
      is(element, "bpmn:StartEvent") && own.$parent?.get("triggeredByEvent") && definitionOf(element) && eventKind(element) !== "error" &&
        group("interrupts", t("发生时"), [this.interrupts(own)]),
    ];
  }

  interrupts(own) {
    const box = make("input", { type: "checkbox", class: "form-check-input", id: "interrupts" });
    box.checked = own.get("isInterrupting") !== false;
    box.addEventListener("change", () => this.model.update(this.element, { isInterrupting: box.checked }));
    return make("label", { class: "db-tick", for: "interrupts" }, box, t("中断所在的子流程"));
  }

  document(text) {
    const own = semantic(this.element);
    const made = text ? [this.model.create("bpmn:Documentation", { text }, own)] : [];
    this.model.update(this.element, { documentation: [...made, ...(own.get("documentation") ?? []).slice(1)] });
  }

  draw() {
    this.waiting = false;
    const held = this.box.contains(document.activeElement) ? document.activeElement : null;
    const scroll = this.box.scrollTop;
    const tabs = this.tabs();
    const current = tabs.find(([key]) => key === this.tab) ?? tabs[0];
    this.box.replaceChildren(this.head(), this.strip(tabs, current[0]), ...(this.several ? [this.many()] : this.body(current)));
    this.box.scrollTop = scroll;
    if (held?.dataset.key) this.resume(held, this.box.querySelector(`[data-key="${CSS.escape(held.dataset.key)}"]`));
  }

  // Whoever came into a field goes on in it: what Tab marked stays marked, so that typing replaces it.
  resume(before, after) {
    after?.focus({ preventScroll: true });
    if (Number.isInteger(before.selectionStart)) after?.setSelectionRange?.(before.selectionStart, before.selectionEnd);
  }

  body([key, , fill]) {
    const parts = fill().flat().filter(Boolean);
    return [make("div", { role: "tabpanel", id: "props-panel", "aria-labelledby": `tab-${key}` }, ...parts)];
  }

  many() {
    return make("div", { id: "props-panel", role: "tabpanel", "aria-labelledby": "tab-main", class: "in is-first" }, note(t("选中 {n} 个元素；选一个才能设置", { n: this.several })));
  }

  head() {
    const { element } = this;
    const title = element ? pick({ zh: semantic(element).get("name"), en: words(element).name_en }) || this.typeName(element) : pick(this.readManifest().title) || t("流程");
    return make("div", { class: "db-sec border-0" }, icon(element ? ICONS.step : ICONS.process), make("h2", { class: "flex-fill db-props-h" }, title), make("span", { class: "db-mute db-xs" }, element ? this.typeName(element) : t("整个流程")));
  }

  strip(tabs, current) {
    const strip = make("div", { class: "db-tabs px-3", role: "tablist", "aria-label": t("属性") });
    tabs.forEach(([key, label], at) => {
      const button = make("button", { type: "button", role: "tab", id: `tab-${key}`, "aria-selected": String(key === current), "aria-controls": "props-panel", tabindex: key === current ? "0" : "-1", "data-key": `tab.${key}` }, label);
      const go = (to) => {
        this.tab = tabs[(to + tabs.length) % tabs.length][0];
        this.box.scrollTop = 0;
        this.draw();
        this.box.querySelector(`#tab-${this.tab}`)?.focus();
      };
      button.addEventListener("click", () => go(at));
      button.addEventListener("keydown", ({ key: pressed }) => {
        if (pressed === "ArrowRight") go(at + 1);
        if (pressed === "ArrowLeft") go(at - 1);
      });
      strip.append(button);
    });
    return strip;
  }
}
