// Controls of the panel. `set` is called with the new value once it is settled (the change event), never per key.
import { element, icon } from "../dom.js";
import { t } from "./words.js";

const ICONS = { remove: "x" };

let counter = 0;

const hint = (text) => element("div", { class: "db-mute db-xs" }, text);
const warning = (text) => element("div", { class: "db-warnline db-amber" }, text);

// A label above its control; `key` lets the focus return after the panel is drawn anew.
function framed({ key, label, help, warn, hidden, className = "" }, control, ...more) {
  const id = `f${++counter}`;
  control.id = id;
  control.dataset.key = key;
  if (hidden) control.setAttribute("aria-label", label);
  const about = [help && hint(help), warn && warning(warn)].filter(Boolean);
  about.forEach((node, at) => (node.id = `${id}-${at}`));
  if (about.length) control.setAttribute("aria-describedby", about.map((node) => node.id).join(" "));
  const name = hidden ? [] : [element("label", { class: "db-field-l", for: id }, label)];
  return element("div", { class: `db-prop ${className}`.trim() }, ...name, control, ...more, ...about);
}

function bound(control, set) {
  control.addEventListener("change", () => set(control.type === "checkbox" ? control.checked : control.value));
  return control;
}

export function line({ value, set, placeholder, mono, list, type = "text", width, ...rest }) {
  const input = element("input", { type, class: `form-control form-control-sm${mono ? " db-mono" : ""}${width ? ` ${width}` : ""}`, placeholder, autocomplete: "off", spellcheck: "false" });
  input.value = value ?? "";
  const options = list?.length ? element("datalist", { id: `l${++counter}` }, ...list.map((each) => element("option", { value: each }))) : null;
  if (options) input.setAttribute("list", options.id);
  return framed(rest, bound(input, set), ...(options ? [options] : []));
}

export function area({ value, set, mono, placeholder, rows = 3, ...rest }) {
  const input = element("textarea", { class: `form-control form-control-sm${mono ? " db-mono" : ""}`, rows, placeholder, spellcheck: "false" });
  input.value = value ?? "";
  return framed(rest, bound(input, set));
}

// `options`: [value, text] or [group, [[value, text] …]]. A value that is not among them stays, and is named as it is.
export function choose({ value, options, set, blank, width, ...rest }) {
  const select = element("select", { class: `form-select form-select-sm${width ? ` ${width}` : ""}` });
  const known = new Set();
  const option = ([each, text]) => {
    known.add(each);
    return element("option", { value: each }, text);
  };
  if (blank !== undefined) select.append(option(["", blank]));
  for (const [name, inner] of options) {
    if (Array.isArray(inner)) select.append(element("optgroup", { label: name }, ...inner.map(option)));
    else select.append(option([name, inner]));
  }
  if (value && !known.has(value)) select.append(option([value, value]));
  select.value = value ?? "";
  return framed(rest, bound(select, set));
}

export function tick({ key, label, value, set, help, disabled }) {
  const id = `f${++counter}`;
  const box = element("input", { type: "checkbox", class: "form-check-input", id, "data-key": key, disabled });
  box.checked = Boolean(value);
  return element("div", { class: "db-prop" }, element("label", { class: "db-tick", for: id }, bound(box, set), label), ...(help ? [hint(help)] : []));
}

export function ticks({ key, label, value, options, set }) {
  const chosen = new Set(value);
  const boxes = options.map(([each, text]) => tick({ key: `${key}.${each}`, label: text, value: chosen.has(each), set: (on) => set(options.map(([name]) => name).filter((name) => (name === each ? on : chosen.has(name)))) }));
  return element("fieldset", { class: "db-prop db-ticks" }, element("legend", { class: "db-field-l" }, label), ...boxes);
}

export function segment({ key, label, value, options, set, hidden }) {
  const name = `s${++counter}`;
  const radios = options.map(([each, text]) => {
    const radio = element("input", { type: "radio", name, value: each, "data-key": `${key}.${each}` });
    radio.checked = each === value;
    radio.addEventListener("change", () => set(each));
    return element("label", {}, radio, text);
  });
  return element(
    "div",
    { class: "db-prop" },
    ...(hidden ? [] : [element("span", { class: "db-field-l", "aria-hidden": "true" }, label)]),
    element("div", { class: "db-seg is-sm is-wrap", role: "radiogroup", "aria-label": label }, ...radios),
  );
}

// An expression with the variables known here: choosing one writes it where the cursor stands.
export function expression({ variables = [], value, set, placeholder, rows, ...rest }) {
  const input = rows
    ? element("textarea", { class: "form-control form-control-sm db-mono", rows, placeholder, spellcheck: "false" })
    : element("input", { type: "text", class: "form-control form-control-sm db-mono", placeholder, autocomplete: "off", spellcheck: "false" });
  input.value = value ?? "";
  bound(input, set);
  return framed(rest, input, ...(variables.length ? [inserter(input, variables, set, rest.label)] : []));
}

function inserter(input, variables, set, label) {
  const select = element("select", { class: "db-insert", "aria-label": t("为“{field}”插入变量", { field: label }) }, element("option", { value: "" }, t("插入变量")));
  for (const [name, inner] of variables) {
    select.append(element("optgroup", { label: name }, ...inner.map(([each, text]) => element("option", { value: each }, text))));
  }
  select.addEventListener("change", () => {
    const [from, to] = [input.selectionStart ?? input.value.length, input.selectionEnd ?? input.value.length];
    input.value = input.value.slice(0, from) + select.value + input.value.slice(to);
    select.value = "";
    set(input.value);
  });
  return select;
}

export function button(text, act, { key, name, label, className = "db-link db-sm" } = {}) {
  const node = element("button", { type: "button", class: className, "aria-label": label, "data-key": key }, ...(name ? [icon(name)] : []), text);
  node.addEventListener("click", act);
  return node;
}

export const remover = (key, label, act) => button("", act, { key, name: ICONS.remove, label, className: "btn btn-bare btn-sm btn-icon" });

// Rows that are added, changed and taken away: `render(item, replace)` gives the controls of one.
export function rows({ key, items, render, set, fresh, add, remove }) {
  const list = items.map((item, at) =>
    element(
      "li",
      {},
      ...render(item, (changed) => set(items.map((each, place) => (place === at ? changed : each))), at),
      remover(`${key}.${at}.x`, remove(at + 1), () => set(items.filter((_each, place) => place !== at))),
    ),
  );
  return element("div", { class: "db-prop" }, ...(list.length ? [element("ul", { class: "db-rows" }, ...list)] : []), button(add, () => set([...items, fresh()]), { key: `${key}.add` }));
}

const folded = new Map(); // what somebody closed stays closed, whatever is selected

export function group(key, title, children, { count, closed = false } = {}) {
  const details = element("details", { open: folded.has(key) ? !folded.get(key) : !closed }, element("summary", {}, title, ...(count ? [element("span", { class: "db-mute" }, count)] : [])), element("div", { class: "in" }, ...children.filter(Boolean)));
  details.addEventListener("toggle", () => folded.set(key, !details.open));
  return details;
}

export const row = (...children) => element("div", { class: "db-row is-tight" }, ...children.filter(Boolean));
export const note = (text) => element("p", { class: "db-mute db-xs mb-0" }, text);
export const fact = (label, text) => element("div", { class: "db-prop" }, element("span", { class: "db-field-l" }, label), element("span", { class: "db-sm db-2nd" }, text));
export const link = (text, href) => element("a", { class: "db-link db-sm", href }, text);
