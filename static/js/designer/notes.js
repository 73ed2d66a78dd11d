// What has to be said above the canvas, one note a subject, with what can be done about it.
import { element as make } from "../dom.js";
import { button } from "./fields.js";

export class Notes {
  constructor(box) {
    this.box = box;
    this.shown = new Map();
  }

  show(subject, tone, text, { actions = [], list = [] } = {}) {
    this.hide(subject);
    const more = list.length ? [make("ul", { class: "db-sm mb-0" }, ...list.slice(0, 10).map((each) => make("li", {}, each)))] : [];
    const buttons = actions.map(([label, act]) => button(label, act, { className: "btn btn-sm" }));
    const note = make("div", { class: `db-note is-${tone} db-ed-note`, role: tone === "blue" ? "status" : "alert", "data-note": subject }, make("div", { class: "flex-fill" }, text, ...more), ...buttons);
    this.shown.set(subject, note);
    this.box.append(note);
  }

  hide(subject) {
    this.shown.get(subject)?.remove();
    this.shown.delete(subject);
  }
}
