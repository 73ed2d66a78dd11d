// Conditions on flows, built from known variables; what cannot be built so is written.
import { button, choose, expression, group, line, note, row, rows, segment, tick } from "../fields.js";
import { is, semantic } from "../model.js";
import { pick, t } from "../words.js";

const NAME = "[A-Za-z_\\u4e00-\\u9fff][\\w\\u4e00-\\u9fff.]*";
const COMPARED = new RegExp(`^(${NAME})\\s*(==|!=|>=|<=|>|<)\\s*([\\s\\S]+)$`);
const PLAIN = new RegExp(`^(not\\s+)?(${NAME})$`);
const LITERAL = /^("[^"\\]*"|'[^'\\]*'|-?\d+(\.\d+)?|True|False|None|true|false)$/;
const BRANCHING = ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway"];

// `a == "x" and b > 3` as parts, or null where it is more than that.
export function readCondition(text) {
  const value = (text ?? "").trim();
  if (!value) return { joined: "and", parts: [] };
  for (const joined of ["and", "or"]) {
    const parts = value.split(new RegExp(`\\s+${joined}\\s+`)).map(readPart);
    if (parts.every(Boolean)) return { joined, parts };
  }
  return null;
}

function readPart(text) {
  const compared = COMPARED.exec(text.trim());
  if (compared) return LITERAL.test(compared[3].trim()) ? { variable: compared[1], op: compared[2], value: unquoted(compared[3].trim()), quoted: /^["']/.test(compared[3].trim()) } : null;
  const plain = PLAIN.exec(text.trim());
  return plain && !["True", "False", "None"].includes(plain[2]) ? { variable: plain[2], op: plain[1] ? "not" : "is", value: "" } : null;
}

const unquoted = (text) => (/^["']/.test(text) ? text.slice(1, -1) : text);

export function writeCondition({ joined, parts }) {
  return parts
    .map((part) => {
      if (part.op === "is") return part.variable;
      if (part.op === "not") return `not ${part.variable}`;
      return `${part.variable} ${part.op} ${part.quoted ? JSON.stringify(part.value) : part.value || "0"}`;
    })
    .join(` ${joined} `);
}

const OPS = () => [["==", t("等于")], ["!=", t("不等于")], [">", t("大于")], [">=", t("不小于")], ["<", t("小于")], ["<=", t("不大于")], ["is", t("为真")], ["not", t("为假")]];
const NUMBERS = ["number", "money"];
const free = new Set(); // conditions that somebody wants to write themselves, by element

const kindOf = (known, value) => (NUMBERS.includes(known?.kind) || (!known?.kind && /^-?\d+(\.\d+)?$/.test(value)) ? false : !["True", "False", "None"].includes(value));

function part(panel, given, replace, at) {
  const known = panel.variable(given.variable);
  const simple = known?.kind === "checkbox";
  const all = panel.variables();
  const ops = OPS().filter(([op]) => (simple ? ["is", "not"].includes(op) : true));
  const value =
    given.op === "is" || given.op === "not"
      ? null
      : known?.options?.length
        ? choose({ key: `cond.${at}.value`, label: t("值"), hidden: true, value: given.value, options: known.options.map((each) => [each.value, pick(each.label)]), set: (next) => replace({ ...given, value: next, quoted: true }) })
        : line({ key: `cond.${at}.value`, label: t("值"), hidden: true, value: given.value, set: (next) => replace({ ...given, value: next.trim(), quoted: kindOf(known, next.trim()) }) });
  const choosing = (name) => {
    const next = panel.variable(name);
    if (next?.kind === "checkbox") return replace({ variable: name, op: "is", value: "" });
    return replace({ ...given, variable: name, op: ["is", "not"].includes(given.op) ? "==" : given.op, value: next?.options?.[0]?.value ?? given.value, quoted: next?.options?.length ? true : kindOf(next, given.value) });
  };
  return [
    choose({ key: `cond.${at}.variable`, label: t("变量"), hidden: true, value: given.variable, options: all, set: choosing }),
    choose({ key: `cond.${at}.op`, label: t("比较"), hidden: true, width: "db-w-side", value: given.op, options: ops, set: (op) => replace({ ...given, op }) }),
    ...(value ? [value] : []),
  ];
}

export function condition(panel, { key = "condition", text, set, label = t("条件") }) {
  const read = readCondition(text);
  const mark = `${panel.element.id}/${key}`;
  const written = read === null || free.has(mark);
  if (written) {
    return [
      expression({ key, label: t("条件（表达式）"), rows: 3, value: text, variables: panel.variables(), set }),
      read !== null && button(t("改用选择"), () => (free.delete(mark), panel.draw()), { key: `${key}.mode` }),
    ];
  }
  const first = () => panel.variables()[0]?.[1][0]?.[0] ?? "x";
  const fresh = () => {
    const known = panel.variable(first());
    return known?.kind === "checkbox" ? { variable: first(), op: "is", value: "" } : { variable: first(), op: "==", value: known?.options?.[0]?.value ?? "", quoted: true };
  };
  return [
    read.parts.length > 1 && segment({ key: `${key}.joined`, label: t("各条之间"), value: read.joined, options: [["and", t("同时满足")], ["or", t("满足一条")]], set: (joined) => set(writeCondition({ ...read, joined })) }),
    rows({ key, items: read.parts, render: (item, replace, at) => part(panel, item, replace, at), set: (parts) => set(writeCondition({ ...read, parts })), fresh, add: read.parts.length ? t("再加一条") : t("添加条件"), remove: (n) => t("删除第 {n} 条{what}", { n, what: label }) }),
    button(t("直接写表达式"), () => (free.add(mark), panel.draw()), { key: `${key}.mode` }),
  ];
}

export function flow(panel) {
  const { model, element } = panel;
  const own = semantic(element);
  const source = element.source;
  const branches = source && !source.incoming?.includes(element) && (BRANCHING.some((type) => is(source, type)) || (source.outgoing?.filter((each) => is(each, "bpmn:SequenceFlow")).length > 1 && !is(source, "bpmn:ParallelGateway") && !is(source, "bpmn:EventBasedGateway")));
  const isDefault = source && semantic(source).get("default") === own;
  const text = own.get("conditionExpression")?.get("body") ?? "";
  const set = (value) => model.setExpression(element, own, "conditionExpression", value);
  return [
    panel.names(t("流向名称")),
    (branches || text || isDefault) &&
      group("condition", t("流转条件"), [
        tick({
          key: "default",
          label: t("默认流向：其他条件都不满足时走这里"),
          value: isDefault,
          set: (on) => model.together(...(on && text ? [() => set("")] : []), () => model.update(source, { default: on ? own : undefined })),
        }),
        ...(isDefault ? [] : condition(panel, { text, set })),
        is(source, "bpmn:ExclusiveGateway") && note(t("按文件中的先后，走第一条满足的流向")),
      ]),
  ];
}

export function gateway(panel) {
  const { model, element } = panel;
  const flows = (element.outgoing ?? []).filter((each) => is(each, "bpmn:SequenceFlow"));
  const branching = BRANCHING.some((type) => is(element, type));
  const shown = flows.map((each) => {
    const own = semantic(each);
    const isDefault = semantic(element).get("default") === own;
    const text = own.get("conditionExpression")?.get("body") ?? "";
    return row(
      button(own.get("name") || semantic(each.target).get("name") || each.target.id, () => panel.select(each), { key: `out.${each.id}` }),
      branching ? note(isDefault ? t("默认流向") : text || t("没有条件")) : null,
    );
  });
  return [
    panel.names(),
    group("branches", t("去向"), [
      ...shown,
      branching && flows.length > 1 &&
        choose({ key: "default", label: t("默认流向"), value: semantic(element).get("default")?.get("id") ?? "", blank: t("没有"), options: flows.map((each) => [each.id, semantic(each).get("name") || semantic(each.target).get("name") || each.target.id]), set: (id) => setDefault(model, element, flows, id) }),
    ]),
  ];
}

function setDefault(model, element, flows, id) {
  const chosen = flows.find((each) => each.id === id);
  const conditioned = chosen && semantic(chosen).get("conditionExpression");
  model.together(...(conditioned ? [() => model.update(chosen, { conditionExpression: undefined })] : []), () => model.update(element, { default: chosen && semantic(chosen) }));
}
