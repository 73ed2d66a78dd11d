// Events: timers, messages, signals, errors, escalations, conditions, links.
import { choose, expression, group, line, note, segment, tick } from "../fields.js";
import { event as definitionOf, eventKind, is, semantic, words } from "../model.js";
import { t } from "../words.js";
import { condition } from "./flow.js";
import { limit } from "./time.js";

const TIMES = ["timeDate", "timeDuration", "timeCycle"];
const THROWS = ["bpmn:EndEvent", "bpmn:IntermediateThrowEvent", "bpmn:SendTask"];
const throws = (element) => THROWS.some((type) => is(element, type));

function timer(panel, inner) {
  const { model, element } = panel;
  const form = TIMES.find((name) => inner.get(name)) ?? "timeDuration";
  const text = inner.get(form)?.get("body") ?? "";
  const repeats = form === "timeCycle";
  const beside = is(element, "bpmn:BoundaryEvent") && semantic(element).get("cancelActivity") === false;
  const write = (name, value) => {
    const fresh = value.trim() ? model.create("bpmn:FormalExpression", { body: value.trim() }, inner) : undefined;
    model.updateInner(element, inner, Object.fromEntries(TIMES.map((each) => [each, each === name ? fresh : undefined])));
  };
  return group("timer", t("时间"), [
    (beside || repeats) && segment({ key: "timer.form", label: t("次数"), value: repeats ? "many" : "once", options: [["once", t("一次")], ["many", t("反复")]], set: (many) => (many === "many" ? write("timeCycle", "R3/P1D") : write("timeDuration", "P1D")) }),
    ...(repeats
      ? [line({ key: "timer.cycle", label: t("循环"), mono: true, value: text, set: (value) => write("timeCycle", value), help: t("R3/P1D：每天一次，共 3 次") })]
      : limit(panel, { key: "timer", label: t("何时到点"), none: false, value: text, set: (value) => write(/^P/.test(value) ? "timeDuration" : "timeDate", value) })),
    is(element, "bpmn:BoundaryEvent") && interrupting(panel),
  ]);
}

function interrupting(panel) {
  const own = semantic(panel.element);
  return tick({ key: "interrupting", label: t("到时中断这一步"), value: own.get("cancelActivity") !== false, set: (on) => panel.model.update(panel.element, { cancelActivity: on }) });
}

function carried(panel, kind, holder) {
  const { model, element } = panel;
  const type = kind === "message" ? "bpmn:Message" : "bpmn:Signal";
  const reference = `${kind}Ref`;
  const given = words(element);
  const set = (changes) => model.setWords(element, changes);
  const sends = throws(element);
  const known = model.declared(type).map((each) => each.get("name")).filter(Boolean);
  return group("carried", kind === "message" ? t("消息") : t("信号"), [
    line({ key: "carried.name", label: kind === "message" ? t("消息名称") : t("信号名称"), value: holder.get(reference)?.get("name"), list: known, set: (name) => model.refer(element, holder, reference, type, "name", name), help: t("发送和等待的两端写同一个名称") }),
    kind === "message" && expression({ key: "correlation", label: t("关联（表达式）"), value: given.correlation, variables: panel.variables(), set: (value) => set({ correlation: value }), help: t("这条消息说的是哪一件，例如 hazard_no") }),
    sends && expression({ key: "payload", label: t("携带的数据（表达式）"), value: given.payload, variables: panel.variables(), set: (value) => set({ payload: value }), placeholder: '{"grade": grade}' }),
    !sends && line({ key: "variable", label: t("数据存入变量"), mono: true, value: given.variable, set: (value) => set({ variable: value.trim() }), placeholder: t("不填：各项各成变量") }),
    sends && kind === "message" && line({ key: "ttl", label: t("没人等时保留多久"), mono: true, value: given.ttl, placeholder: "PT1H", set: (value) => set({ ttl: value.trim() }) }),
  ]);
}

function coded(panel, kind, inner) {
  const { model, element } = panel;
  const type = kind === "error" ? "bpmn:Error" : "bpmn:Escalation";
  const attribute = `${kind}Code`;
  const catches = !throws(element);
  return group("coded", kind === "error" ? t("错误") : t("升级"), [
    line({ key: "coded.code", label: t("代码"), mono: true, value: inner.get(`${kind}Ref`)?.get(attribute), list: model.declared(type).map((each) => each.get(attribute)).filter(Boolean), set: (code) => model.refer(element, inner, `${kind}Ref`, type, attribute, code), help: catches ? t("不填：接住任何代码") : "" }),
  ]);
}

export function event(panel) {
  const { element, model } = panel;
  const kind = eventKind(element);
  const inner = definitionOf(element);
  const boundary = is(element, "bpmn:BoundaryEvent");
  const parts = [panel.names()];
  if (kind === "timer") parts.push(timer(panel, inner));
  if (kind === "message" || kind === "signal") parts.push(carried(panel, kind, inner));
  if (kind === "error" || kind === "escalation") parts.push(coded(panel, kind, inner));
  if (kind === "conditional") {
    parts.push(group("condition", t("等待的条件"), condition(panel, { text: inner.get("condition")?.get("body") ?? "", set: (value) => model.setExpression(element, inner, "condition", value) })));
  }
  if (kind === "link") parts.push(group("link", t("跳转"), [line({ key: "link", label: t("跳转名称"), value: inner.get("name"), set: (name) => model.updateInner(element, inner, { name: name.trim() || undefined }), help: t("跳出和跳入写同一个名称") })]));
  if (boundary && kind !== "timer" && kind !== "error" && kind) parts.push(group("boundary", t("发生时"), [interrupting(panel)]));
  if (is(element, "bpmn:StartEvent") && !kind) parts.push(note(t("发起人、发起表单在流程属性中：点空白处")));
  return parts;
}

export function messaging(panel) {
  return [panel.names(), carried(panel, "message", semantic(panel.element))];
}

export function lane(panel) {
  const { model, element, catalogue } = panel;
  const own = semantic(element);
  const found = catalogue.lanes.find((each) => each.names.includes(own.get("name")));
  const choosing = (name) => {
    const chosen = catalogue.lanes.find((each) => each.names[0] === name);
    model.together(() => model.update(element, { name }), ...(chosen ? [() => model.setWord(element, "name_en", chosen.names[1] ?? "")] : []));
  };
  return [
    group("lane", t("泳道"), [
      choose({ key: "lane", label: t("由谁办理"), value: found ? found.names[0] : own.get("name"), blank: t("请选择"), options: catalogue.lanes.map((each) => [each.names[0], each.title]), set: choosing }),
      found && note(t("角色：{role}　单位：{org}", { role: found.role_name, org: found.org || t("所有单位") })),
    ]),
  ];
}
