// What the system does by itself: services, scripts, decisions, calls.
import { area, choose, expression, fact, group, line, link, note, row, rows, tick } from "../fields.js";
import { extension, semantic, words } from "../model.js";
import { pick, settings, t } from "../words.js";

export function service(panel) {
  const { model, element, catalogue } = panel;
  const operator = model.operator(element);
  const chosen = catalogue.services.find((each) => each.name === operator?.id);
  const families = [...new Set(catalogue.services.map((each) => each.name.split(".")[0]))];
  const options = families.map((family) => [family, catalogue.services.filter((each) => each.name.split(".")[0] === family).map((each) => [each.name, each.title])]);
  const declare = (name) => {
    const wanted = catalogue.services.find((each) => each.name === name);
    const known = new Map((operator?.parameters ?? []).map((each) => [each[0], each]));
    const parameters = (wanted?.params ?? []).filter((each) => known.has(each.name) || each.required).map((each) => known.get(each.name) ?? [each.name, "str", each.name]);
    model.setOperator(element, name ? { id: name, result: operator?.result, parameters } : null);
  };
  const write = (parameters) => model.setOperator(element, { ...operator, parameters });
  return [
    panel.names(),
    group("service", t("调用的服务"), [
      choose({ key: "service", label: t("服务"), value: operator?.id, blank: t("请选择"), options, set: declare }),
      chosen && !chosen.repeatable && note(t("不可重复：退回、撤回都不能越过这一步")),
      operator && chosen && fact(t("得到"), chosen.results === null ? t("不固定") : chosen.results.join("、") || t("无")),
      operator && line({ key: "result", label: t("结果存入变量"), value: operator.result, mono: true, placeholder: t("不填：各项结果各成变量"), set: (result) => model.setOperator(element, { ...operator, result: result.trim() }) }),
    ]),
    operator && group("params", t("参数"), parameters(panel, operator, chosen, write)),
    operator && note(t("服务失败由系统自动重试，仍不成的进入异常，由管理员处理")),
  ];
}

// The fields that the service takes, each with its value; and whatever else stands in the file, so that it can go.
function parameters(panel, operator, chosen, write) {
  const given = new Map(operator.parameters.map((each) => [each[0], each]));
  const set = (name, type) => (value) => {
    const kept = operator.parameters.filter((each) => each[0] !== name);
    if (!value.trim()) return write(kept);
    return write(given.has(name) ? operator.parameters.map((each) => (each[0] === name ? [name, each[1], value.trim()] : each)) : [...kept, [name, type, value.trim()]]);
  };
  const known = (chosen?.params ?? []).map((each) =>
    expression({ key: `param.${each.name}`, label: `${each.name}${each.required ? ` *` : ""}`, help: [each.about, each.type_name].filter(Boolean).join(t("，")), value: given.get(each.name)?.[2], variables: panel.variables(), set: set(each.name, each.type) }),
  );
  const strange = operator.parameters
    .filter((each) => !chosen?.params.some((param) => param.name === each[0]))
    .map((each) => expression({ key: `param.${each[0]}`, label: each[0], warn: chosen ? t("这个服务没有此参数，清空即删除") : "", value: each[2], variables: panel.variables(), set: set(each[0], each[1]) }));
  const all = [...known, ...strange];
  return all.length ? all : [note(t("没有参数：服务读取流程数据"))];
}

export function script(panel) {
  const own = semantic(panel.element);
  return [
    panel.names(),
    group("script", t("计算"), [
      area({ key: "script", label: t("赋值语句"), mono: true, rows: 8, value: own.get("script"), set: (value) => panel.model.update(panel.element, { script: value || undefined }) }),
      note(t("每行一个赋值，例如 late = today() > due_on")),
    ]),
    functions(panel),
  ];
}

export function functions(panel) {
  return group("functions", t("可用的函数"), [...panel.catalogue.functions.map((each) => fact(each.signature, each.about))], { closed: true, count: String(panel.catalogue.functions.length) });
}

export function decision(panel) {
  const { model, element, catalogue } = panel;
  const value = extension(element, "CalledDecisionId")?.get("value")?.trim() ?? "";
  const chosen = catalogue.decisions.find((each) => each.id === value);
  return [
    panel.names(),
    group("decision", t("判定表"), [
      row(
        choose({ key: "decision", label: t("判定表"), hidden: true, value, blank: t("请选择"), options: catalogue.decisions.map((each) => [each.id, each.name || each.id]), set: (id) => model.setText(element, "CalledDecisionId", id) }),
        chosen?.url && link(t("编辑"), chosen.url),
        settings.urls.new_decision && link(t("新建"), settings.urls.new_decision),
      ),
      chosen && fact(t("得到"), chosen.outputs.join("、")),
    ]),
  ];
}

// `{"a": x, "b": y}` as pairs, or null where it is another expression.
export function readRecord(text) {
  const inner = /^\{([\s\S]*)\}$/.exec((text ?? "").trim());
  if (!inner) return (text ?? "").trim() ? null : [];
  const pairs = [];
  for (const part of pieces(inner[1])) {
    const found = /^\s*(["'])([A-Za-z_]\w*)\1\s*:\s*([\s\S]+)$/.exec(part);
    if (!found) return null;
    pairs.push([found[2], found[3].trim()]);
  }
  return pairs;
}

function pieces(text) {
  const found = [""];
  let depth = 0;
  let quote = "";
  for (const sign of text) {
    if (quote) quote = sign === quote ? "" : quote;
    else if (sign === '"' || sign === "'") quote = sign;
    else if ("([{".includes(sign)) depth += 1;
    else if (")]}".includes(sign)) depth -= 1;
    if (sign === "," && !depth && !quote) found.push("");
    else found[found.length - 1] += sign;
  }
  return found.filter((each) => each.trim());
}

export const writeRecord = (pairs) => (pairs.length ? `{${pairs.map(([name, value]) => `"${name}": ${value}`).join(", ")}}` : "");

export function call(panel) {
  const { model, element, catalogue } = panel;
  const given = words(element);
  const set = (changes) => model.setWords(element, changes);
  const detached = given.detached === "true";
  const called = semantic(element).get("calledElement") ?? "";
  const inside = model.declared("bpmn:Process").filter((each) => each !== model.process(element));
  const options = detached ? catalogue.processes.map((each) => [each.key, each.title]) : inside.map((each) => [each.id, each.name || each.id]);
  const clear = { wait: "", for_each: "", inputs: "", outputs: "", result: "", complete_when: "" };
  return [
    panel.names(),
    group("call", t("调用的流程"), [
      tick({ key: "detached", label: t("另行启动：每件有自己的编号、时限和办理记录"), value: detached, set: (on) => set(on ? { detached: "true" } : { detached: "", ...clear }) }),
      choose({ key: "called", label: t("流程"), value: called, blank: t("请选择"), options, set: (value) => model.update(element, { calledElement: value || undefined }) }),
      !detached && !inside.length && note(t("本图中没有其他流程；要启动已发布的流程，勾选“另行启动”")),
    ]),
    ...(detached ? detachedCall(panel, given, set, catalogue.processes.find((each) => each.key === called)) : []),
  ];
}

function detachedCall(panel, given, set, process) {
  const pairs = readRecord(given.inputs);
  const item = [[t("本次"), [["item", t("item　逐项中的这一项")], ["index", t("index　第几项，从 0 起")]]]];
  const variables = [...(given.for_each ? item : []), ...panel.variables()];
  return [
    group("children", t("怎样启动"), [
      tick({ key: "wait", label: t("等它们全部结束再往下走"), value: given.wait !== "false", set: (on) => set({ wait: on ? "" : "false" }) }),
      expression({ key: "for_each", label: t("逐项启动（列表表达式）"), value: given.for_each, variables: panel.variables(), set: (value) => set({ for_each: value }), help: t("不填：只启动一件；最多 1,000 件") }),
    ]),
    group("inputs", t("带入的数据"), [
      pairs === null
        ? expression({ key: "inputs", label: t("带入的数据（表达式）"), rows: 3, value: given.inputs, variables, set: (value) => set({ inputs: value }) })
        : rows({
            key: "inputs",
            items: pairs,
            render: ([name, value], replace, at) => [
              choose({ key: `inputs.${at}.name`, label: t("对方的数据项"), hidden: true, value: name, options: (process?.takes ?? []).map((each) => [each.name, pick(each.label) || each.name]), set: (next) => replace([next, value]) }),
              line({ key: `inputs.${at}.value`, label: t("取值（表达式）"), hidden: true, mono: true, value, list: variables.flatMap((each) => each[1].map((one) => one[0])), set: (next) => replace([name, next.trim() || "None"]) }),
            ],
            set: (changed) => set({ inputs: writeRecord(changed) }),
            fresh: () => {
              const name = process?.takes.find((each) => !pairs.some((pair) => pair[0] === each.name))?.name ?? "name";
              return [name, name];
            },
            add: t("添加一项"),
            remove: (n) => t("删除第 {n} 项数据", { n }),
          }),
    ]),
    group("outputs", t("带回的数据"), [
      line({ key: "outputs", label: t("取回（变量名或表达式）"), mono: true, value: given.outputs, set: (value) => set({ outputs: value }), placeholder: "light, score" }),
      line({ key: "call.result", label: t("结果存入变量"), mono: true, value: given.result, set: (value) => set({ result: value }) }),
      given.wait !== "false" && line({ key: "complete_when", label: t("提前往下走的条件"), mono: true, value: given.complete_when, set: (value) => set({ complete_when: value }), placeholder: "ended >= 2", help: t("可用 finished、total、ended、cancelled、failed；还没完的随即取消") }),
    ]),
  ];
}
