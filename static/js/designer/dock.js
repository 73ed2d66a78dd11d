// What the check found, beside the diagram: marks with counts on the elements, a click selects, a fix is one click.
import { element as make } from "../dom.js";
import { button } from "./fields.js";
import { semantic } from "./model.js";
import { send } from "./saving.js";
import { settings, t } from "./words.js";

const SHAPES = {
  error: [["path", { d: "M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" }], ["path", { class: "k", d: "M8 4.2v4.4M8 11.6v.1" }]],
  warning: [["path", { d: "M8 1a1.2 1.2 0 0 1 1 .6l6 11A1.2 1.2 0 0 1 14 14.4H2A1.2 1.2 0 0 1 1 12.6l6-11A1.2 1.2 0 0 1 8 1z" }], ["path", { class: "k", d: "M8 5.6v3.5M8 11.8v.1" }]],
};
const SEEN = 3; // problems that show without scrolling
const TONES = { error: "red", warning: "amber" };
const SVG = "http://www.w3.org/2000/svg";

function glyph(severity) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ class: `db-g is-${TONES[severity]}`, viewBox: "0 0 16 16", "aria-hidden": "true" })) svg.setAttribute(name, value);
  for (const [tag, attributes] of SHAPES[severity]) {
    const part = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
    svg.append(part);
  }
  return svg;
}

const light = (severity, text) => make("span", { class: `db-light is-${TONES[severity]}` }, glyph(severity), text);
const kindOf = (problem) => (problem.severity === "error" ? "error" : "warning");

export class Dock {
  constructor({ list, count, size, summary, modeler, typeName, fixed, atProcess }) {
    Object.assign(this, { list, count, size, summary, modeler, typeName, fixed, atProcess, problems: [] });
    size.addEventListener("click", () => this.grow(size.getAttribute("aria-expanded") !== "true"));
    this.grow(false);
  }

  // Many problems are read in a list that takes half of the window.
  grow(tall) {
    this.size.setAttribute("aria-expanded", String(tall));
    this.size.textContent = tall ? t("收起列表") : t("展开列表");
    this.size.closest("section").classList.toggle("is-tall", tall);
  }

  async check() {
    const asked = (this.asked = (this.asked ?? 0) + 1);
    let answer;
    try {
      answer = await send(settings.urls.check, "POST", {});
    } catch {
      return; // without a connection the last result stands, and the state of saving says why
    }
    if (asked !== this.asked) return;
    if (!answer.ok) return this.failed();
    this.problems = answer.data.problems;
    this.draw();
  }

  failed() {
    this.list.replaceChildren(make("li", {}, make("span", { class: "db-mute" }, t("校验没有完成，改动后会再试"))));
  }

  draw() {
    const errors = this.problems.filter((each) => kindOf(each) === "error").length;
    const warnings = this.problems.length - errors;
    this.count.textContent = String(this.problems.length);
    this.size.hidden = this.problems.length <= SEEN;
    if (this.size.hidden) this.grow(false);
    this.summary.replaceChildren(...(errors ? [light("error", String(errors))] : []), ...(warnings ? [light("warning", String(warnings))] : []));
    this.summary.parentElement.setAttribute("aria-label", t("校验：{n} 个错误，{m} 个提醒", { n: errors, m: warnings }));
    const rows = this.problems.map((each) => this.line(each));
    this.list.replaceChildren(...(rows.length ? rows : [make("li", { class: "is-none" }, make("span", {}, t("没有发现问题，可以推演和发布")))]));
    this.hold();
    this.mark();
  }

  line(problem) {
    const shape = problem.element && this.modeler.get("elementRegistry").get(problem.element);
    const name = shape ? semantic(shape).get("name") || this.typeName(shape) : (problem.file ?? "");
    const go = button(name || t("整个流程"), () => this.go(problem, shape), { className: "db-link db-valid-go" });
    go.title = name;
    const fix = problem.fix ? button(problem.fix.label, () => this.fix(problem, fix)) : make("span");
    if (problem.fix) fix.dataset.fix = problem.fix.id;
    return make("li", {}, light(kindOf(problem), problem.severity === "error" ? t("错误") : t("注意")), make("span", {}, go, "　", problem.text), fix);
  }

  go(problem, shape) {
    if (shape) {
      this.modeler.get("selection").select(shape);
      this.modeler.get("canvas").scrollToElement(shape, { top: 80, bottom: 80, left: 80, right: 80 });
      return;
    }
    const part = /^(forms|decisions)\/([^/]+)\.\w+$/.exec(problem.file ?? "");
    const url = part && settings.urls[part[1]];
    if (url) location.href = url.replace("__name__", encodeURIComponent(part[2]));
    else this.atProcess(problem);
  }

  // One at a time: the others wait, and say so, until the check has looked again.
  async fix(problem, clicked) {
    this.fixing = true;
    this.hold();
    clicked.textContent = t("正在修正…");
    try {
      await this.fixed(problem);
    } finally {
      this.fixing = false;
      this.hold();
      if (clicked.isConnected) clicked.textContent = problem.fix.label;
    }
  }

  hold() {
    for (const each of this.list.querySelectorAll("button[data-fix]")) {
      each.disabled = this.fixing === true;
      each.title = this.fixing ? t("正在修正另一处，完成后再点") : "";
    }
  }

  mark() {
    const canvas = this.modeler.get("canvas");
    const overlays = this.modeler.get("overlays");
    const registry = this.modeler.get("elementRegistry");
    overlays.remove({ type: "duban-problem" });
    for (const each of registry.getAll()) for (const name of ["is-bad", "is-warn"]) if (canvas.hasMarker(each, name)) canvas.removeMarker(each, name);
    const found = new Map();
    for (const problem of this.problems) if (problem.element && registry.get(problem.element)) found.set(problem.element, [...(found.get(problem.element) ?? []), problem]);
    for (const [id, problems] of found) {
      const severity = problems.some((each) => kindOf(each) === "error") ? "error" : "warning";
      canvas.addMarker(id, severity === "error" ? "is-bad" : "is-warn");
      const shape = registry.get(id);
      const position = shape.waypoints ? { top: -8, left: shape.width ? shape.width / 2 : 0 } : { top: -8, right: 8 };
      overlays.add(id, "duban-problem", { position, html: make("div", { class: `db-bad is-${TONES[severity]}`, title: problems.map((each) => each.text).join("\n") }, String(problems.length)) });
    }
  }
}
