// Draws the checklist from what the phone has. Every control writes to the phone first; sending is another matter.
import { element, icon } from "../dom.js";
import { smaller } from "./photos.js";
import * as store from "./store.js";
import { lacking, owed } from "./rules.js";

const words = JSON.parse(document.getElementById("field-words").textContent);
export const say = (key, values = {}) =>
  Object.entries(values).reduce((out, [name, value]) => out.replace(`{${name}}`, value), words.texts[key] ?? key);

const button = (attributes, ...children) => element("button", { type: "button", ...attributes }, ...children);
const errorsOf = (row, name) => [...(row.errors?.[name] ?? [])].map((text) => element("p", { class: "db-err", role: "alert" }, text));

// One control of a row: label, control, what the server said of it.
function field(row, name, label, control, required = false) {
  control.id = `f-${row.id}-${name}`;
  const title = element("label", { class: "db-lab", for: control.id }, label, required ? element("em", {}, " *") : "");
  return element("div", {}, title, control, ...errorsOf(row, name));
}

function text(row, name, edit, { rows = 0, max = 200 } = {}) {
  const control = rows ? element("textarea", { class: "form-control", rows, maxlength: max }) : element("input", { class: "form-control", maxlength: max });
  control.value = row.values[name] ?? "";
  control.addEventListener("input", () => edit({ [name]: control.value }));
  return control;
}

function choice(row, name, label, options, edit, redraw) {
  const id = `c-${row.id}-${name}`;
  const group = element("div", { class: "db-seg is-full", role: "radiogroup", "aria-labelledby": id });
  for (const [value, shown] of options) {
    const input = element("input", { type: "radio", name: id, value, checked: row.values[name] === value });
    input.addEventListener("change", async () => {
      await edit({ [name]: value });
      redraw?.();
    });
    group.append(element("label", {}, input, shown));
  }
  return element("div", {}, element("span", { class: "db-lab", id }, label), group, ...errorsOf(row, name));
}

export class View {
  constructor({ user, inspection, onChange }) {
    Object.assign(this, { user, inspection, onChange, urls: new Map() });
    this.place = document.getElementById("main");
  }

  // The list of one subject, from the record and what was answered on this phone.
  async draw(record, subjectId) {
    const subject = record.checks.find((one) => one.id === subjectId) ?? record.checks[0];
    this.record = record;
    this.subject = subject;
    this.rows = new Map();
    for (const row of await store.all("answers", this.user, this.inspection)) if (row.subject === subject.id) this.rows.set(row.id, row);
    const shown = [];
    let category = null;
    for (const item of this.items()) {
      if (item.category !== category) {
        category = item.category;
        shown.push(element("h2", { class: "db-check-sec" }, category || say("other")));
      }
      shown.push(this.item(item));
    }
    if (record.may_answer) shown.push(element("div", { class: "db-check-block" }, this.another()));
    shown.push(element("h2", { class: "db-check-sec", id: "site" }, say("site")), this.site());
    this.place.replaceChildren(...shown);
    this.tally();
  }

  // Items of the list, then findings that stand on no list, also those that only this phone knows.
  items() {
    const known = new Set(this.subject.items.map((item) => `${this.subject.id}/${item.client_id}`));
    const own = [...this.rows.values()].filter((row) => row.kind === "item" && !known.has(row.id) && !row.removed);
    const listed = this.subject.items.filter((item) => !this.rows.get(`${this.subject.id}/${item.client_id}`)?.removed);
    return [...listed, ...own.map((row) => ({ id: null, own: true, category: "", client_id: row.client_id, content: "", severity_hint: "general", photos: [], photos_after: [] }))];
  }

  row(kind, clientId, from) {
    const id = `${this.subject.id}/${clientId}`;
    if (!this.rows.has(id)) {
      const values = {};
      for (const name of words.names[kind]) values[name] = structuredClone(from[name] ?? (words.lists.includes(name) ? [] : words.numbers.includes(name) ? null : ""));
      this.rows.set(id, { user: this.user, id, inspection: this.inspection, subject: this.subject.id, kind, client_id: clientId, item_id: kind === "item" ? from.id : null, rev: from.rev ?? 0, version: 0, dirty: false, values });
    }
    return this.rows.get(id);
  }

  async edit(row, values, fresh = () => {}) {
    const drawn = this.rows.get(row.id) ?? row; // the page may have been drawn anew while a photo was made smaller
    const last = { ...row, rev: drawn.rev, item_id: drawn.item_id };
    const kept = await store.change("answers", this.user, row.id, (now) => ({
      ...(now ?? last), values: { ...(now ?? last).values, ...values }, dirty: true, version: ((now ?? last).version ?? 0) + 1, at: Date.now(),
    }));
    for (const one of new Set([row, drawn])) {
      Object.assign(one.values, values);
      Object.assign(one, { dirty: true, version: kept.version, rev: kept.rev, item_id: kept.item_id });
    }
    if (drawn !== row) await this.draw(this.record, this.subject.id);
    fresh();
    this.tally();
    this.onChange();
  }

  item(item) {
    const row = this.row("item", item.client_id, { ...item, result: item.result || (item.own ? "noncompliant" : "") });
    const box = element("section", { class: "db-check-block db-stack", "data-row": row.id, "aria-label": item.content || say("other") });
    const redraw = () => {
      const focused = box.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      box.replaceChildren(...this.inside(item, row, redraw));
      if (focused) box.querySelector(`[data-key="${focused}"]`)?.focus();
    };
    redraw();
    return box;
  }

  inside(item, row, redraw) {
    const edit = (values) => this.edit(row, values);
    const head = element("div", {}, element("div", { class: "db-t" }, item.own ? say("other") : `${item.position}　${item.content}`));
    if (item.legal_basis || item.method || item.criteria) {
      const facts = element("dl", { class: "db-kv mt-1" });
      for (const name of ["legal_basis", "method", "criteria"]) if (item[name]) facts.append(element("dt", {}, say(name)), element("dd", {}, item[name]));
      head.append(element("details", { class: "db-check-basis" }, element("summary", { class: "db-link db-sm" }, say("basis")), facts));
    }
    const parts = [head];
    if (row.conflict) parts.push(this.conflict(item, row, redraw));
    if (!item.own) parts.push(this.taps(item, row, redraw));
    if (row.values.result === "noncompliant") parts.push(this.finding(item, row, edit, redraw));
    if (row.errors?._) parts.push(...errorsOf(row, "_"));
    const lacks = row.values.result === "noncompliant" ? lacking(row.values) : [];
    if (lacks.length) parts.push(element("p", { class: "db-help", "data-lacks": true }, lacks.map((key) => say(key)).join(say("comma"))));
    return parts;
  }

  taps(item, row, redraw) {
    const group = element("div", { class: "db-seg is-full", role: "group", "aria-label": say("result") });
    for (const [value, shown, tone] of words.results) {
      const tap = button({ class: tone, "data-key": value, "aria-pressed": String(row.values.result === value), disabled: !this.record.may_answer }, shown);
      tap.addEventListener("click", async () => {
        const first = value === "noncompliant" && !row.values.finding;
        const hint = { finding: (item.finding_hint || item.content).slice(0, 120), severity: item.severity_hint || "general" };
        await this.edit(row, { result: value, ...(first ? hint : {}) });
        redraw();
      });
      group.append(tap);
    }
    return group;
  }

  finding(item, row, edit, redraw) {
    const more = element("details", { class: "db-conf", open: Boolean(row.errors) }, element("summary", { class: "db-link" }, say("more")));
    const inner = element("div", { class: "db-conf-in db-stack" },
      field(row, "location", say("location"), text(row, "location", edit)),
      field(row, "requirement", say("requirement"), text(row, "requirement", edit, { rows: 2, max: 2000 })),
      choice(row, "severity", say("severity"), words.severities, edit),
      field(row, "detail", say("detail"), text(row, "detail", edit, { rows: 3, max: 4000 })));
    if (item.own) inner.append(field(row, "legal_basis", say("legal_basis"), text(row, "legal_basis", edit, { max: 500 })));
    more.append(inner);
    const parts = [
      this.photos(row, "photos", say("photos"), redraw),
      field(row, "finding", say("finding"), text(row, "finding", edit, { rows: 2, max: 120 }), true),
      choice(row, "deadline", say("deadline"), words.deadlines, edit, redraw),
    ];
    if (row.values.deadline === "on_site") {
      parts.push(field(row, "measures", say("measures"), text(row, "measures", edit, { rows: 2, max: 2000 }), true), this.photos(row, "photos_after", say("photos_after"), redraw));
    }
    parts.push(more);
    if (item.own) {
      const drop = button({ class: "btn btn-sm" }, icon("trash"), say("drop"));
      drop.addEventListener("click", () => this.drop(item, row));
      parts.push(drop);
    }
    return element("fieldset", { class: "db-stack db-field", disabled: !this.record.may_answer }, ...parts);
  }

  // A finding of one's own goes at once; one that the server has is taken back there when it can be reached.
  async drop(item, row) {
    const kept = await store.change("answers", this.user, row.id, (now) => {
      const known = { ...(now ?? row), item_id: item.id ?? (now ?? row).item_id };
      return { ...known, removed: true, dirty: true, conflict: null, errors: null, version: (known.version ?? 0) + 1 };
    });
    if (!kept.item_id) await store.remove("answers", this.user, row.id);
    await this.draw(this.record, this.subject.id);
    this.onChange();
  }

  photos(row, name, label, redraw) {
    const list = element("div", { class: "db-photos" });
    row.values[name].forEach((ref, index) => {
      const image = element("img", { alt: say("photo", { n: index + 1 }), width: 104, height: 78 });
      this.picture(ref, image);
      const drop = button({ "aria-label": say("drop_photo", { n: index + 1 }) }, icon("x"));
      drop.addEventListener("click", async () => {
        await this.edit(row, { [name]: row.values[name].filter((one) => one !== ref) });
        redraw();
      });
      list.append(element("figure", { class: "db-ph", "data-ref": ref }, image, drop));
    });
    const input = element("input", { type: "file", accept: "image/*,.heic,.heif", multiple: true, class: "visually-hidden", "data-photos-of": name, "aria-label": label });
    input.addEventListener("change", async () => {
      const files = [...input.files].slice(0, 20 - row.values[name].length);
      const refs = [];
      for (const file of files) {
        const id = crypto.randomUUID();
        await store.put("photos", { user: this.user, id, inspection: this.inspection, blob: await smaller(file), file: null, at: Date.now() });
        refs.push(`local:${id}`);
      }
      await this.edit(row, { [name]: [...row.values[name], ...refs] });
      redraw();
    });
    const add = element("label", { class: "db-add" }, input, icon("camera"), element("span", {}, say("take")));
    list.append(add);
    return element("div", {}, element("span", { class: "db-lab" }, label, element("em", {}, " *")), element("div", { class: "db-pick" }, list), ...errorsOf(row, name));
  }

  async picture(ref, image) {
    if (!ref.startsWith("local:")) {
      image.src = `/files/${ref}/thumbnail`;
      return;
    }
    const photo = await store.get("photos", this.user, ref.slice(6));
    if (!photo) return;
    if (!photo.blob) image.src = `/files/${photo.file}/thumbnail`;
    else if (!this.urls.has(ref)) this.urls.set(ref, URL.createObjectURL(photo.blob));
    if (this.urls.has(ref)) image.src = this.urls.get(ref);
  }

  conflict(item, row, redraw) {
    const theirs = row.conflict;
    const shown = theirs.result ? (words.results.find(([value]) => value === theirs.result)?.[1] ?? "") : "";
    const mine = button({ class: "btn btn-sm" }, say("use_mine"));
    const other = button({ class: "btn btn-sm" }, say("use_theirs"));
    mine.addEventListener("click", async () => {
      Object.assign(row, await store.change("answers", this.user, row.id, (now) => ({ ...now, rev: theirs.rev, conflict: null, dirty: true })));
      redraw();
      this.onChange();
    });
    other.addEventListener("click", async () => {
      await store.remove("answers", this.user, row.id);
      this.onChange({ refresh: true });
    });
    return element("div", { class: "db-note is-amber", role: "alert" },
      element("p", { class: "m-0" }, say("conflict", { who: theirs.answered_by_name || say("somebody"), result: shown })), element("div", { class: "d-flex gap-2 mt-2" }, mine, other));
  }

  another() {
    const add = button({ class: "btn" }, icon("plus"), say("another"));
    add.addEventListener("click", async () => {
      const clientId = crypto.randomUUID();
      const row = this.row("item", clientId, { id: null, result: "noncompliant", severity: "general" });
      await this.edit(row, {});
      await this.draw(this.record, this.subject.id);
      document.querySelector(`[data-row="${row.id}"] textarea`)?.focus();
    });
    return add;
  }

  site() {
    const row = this.row("site", "site", this.subject);
    const edit = (values) => this.edit(row, values);
    const box = element("section", { class: "db-check-block db-stack", "data-row": row.id, "aria-label": say("site") });
    const redraw = () => box.replaceChildren(...parts());
    const parts = () => {
      const form = element("fieldset", { class: "db-stack db-field", disabled: !this.record.may_answer },
        field(row, "scene", say("scene"), text(row, "scene", edit)),
        this.photos(row, "evidence", say("evidence"), redraw),
        this.position(row, edit),
        choice(row, "served", say("served"), words.served, edit, redraw));
      if (row.values.served === "signed") form.append(field(row, "signed_by", say("signed_by"), text(row, "signed_by", edit, { max: 40 }), true), field(row, "signed_title", say("signed_title"), text(row, "signed_title", edit, { max: 40 })));
      else if (row.values.served) form.append(field(row, "refused_reason", say("refused_reason"), text(row, "refused_reason", edit, { rows: 2, max: 300 }), true));
      form.append(field(row, "remarks", say("remarks"), text(row, "remarks", edit, { rows: 2, max: 4000 })));
      return [...(row.conflict ? [this.conflict(null, row, redraw)] : []), form, ...errorsOf(row, "_")];
    };
    redraw();
    return box;
  }

  position(row, edit) {
    const { latitude, longitude, accuracy_m } = row.values;
    const shown = element("span", { class: "db-sm db-mute" }, latitude === null || latitude === undefined ? say("nowhere") : `${Number(latitude).toFixed(5)}, ${Number(longitude).toFixed(5)} ±${accuracy_m ?? "?"} m`);
    const locate = button({ class: "btn", hidden: !("geolocation" in navigator) }, icon("map-pin"), say("locate"));
    locate.addEventListener("click", () => {
      locate.setAttribute("aria-busy", "true");
      navigator.geolocation.getCurrentPosition(
        async ({ coords }) => {
          locate.removeAttribute("aria-busy");
          await edit({ latitude: Number(coords.latitude.toFixed(6)), longitude: Number(coords.longitude.toFixed(6)), accuracy_m: Math.round(coords.accuracy) });
          shown.textContent = `${coords.latitude.toFixed(5)}, ${coords.longitude.toFixed(5)} ±${Math.round(coords.accuracy)} m`;
        },
        () => {
          locate.removeAttribute("aria-busy");
          shown.textContent = say("no_position");
        },
        { enableHighAccuracy: true, timeout: 15000 },
      );
    });
    return element("div", { class: "d-flex align-items-center gap-2 flex-wrap" }, locate, shown);
  }

  // How far it has come, over all that is on the page.
  tally() {
    const rows = this.items().map((item) => this.row("item", item.client_id, item).values);
    const of = (result) => rows.filter((values) => values.result === result).length;
    const answered = rows.filter((values) => values.result).length;
    document.getElementById("field-done").textContent = say("done", { done: answered, all: rows.length });
    document.getElementById("field-passed").textContent = say("passed", { n: of("compliant") });
    const failed = document.getElementById("field-failed");
    failed.textContent = say("failed", { n: of("noncompliant") });
    failed.parentElement.classList.toggle("is-none", !of("noncompliant")); // a red light only for what is wrong
    document.getElementById("field-bar").setAttribute("width", `${rows.length ? Math.round((100 * answered) / rows.length) : 0}%`);
    const site = this.row("site", "site", this.subject).values;
    document.getElementById("field-owed").textContent = owed(rows, site).map((key) => say(key)).join(say("comma"));
  }
}
