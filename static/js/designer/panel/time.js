// Time limits as people choose them, and as they are written (docs: bpmn/README.md, Words on a step).
import { choose, expression, fact, group, line, row, rows, segment } from "../fields.js";
import { t } from "../words.js";

const RULE = /^[a-z][a-z0-9_]*$/;
const OFFSET = /^([+-]?)\s*(\d+)\s*(work_days|days)$/;
const HOURS = /^([+-]?)\s*PT(\d+)H$/;

export function readLimit(text) {
  const value = (text ?? "").trim();
  const call = /^(work_days|days|until)\s*\(([\s\S]*)\)$/.exec(value);
  if (!value) return { kind: "none", value: "" };
  if (call) return { kind: call[1], value: call[2].trim() };
  if (/^P/.test(value)) return { kind: "duration", value };
  if (/^\d/.test(value)) return { kind: "instant", value };
  return { kind: RULE.test(value) ? "rule" : "duration", value };
}

export const writeLimit = ({ kind, value }) => (!value || kind === "none" ? "" : ["work_days", "days", "until"].includes(kind) ? `${kind}(${value})` : value);

export function readOffset(text) {
  const days = OFFSET.exec(text.trim());
  const hours = HOURS.exec(text.trim());
  if (days) return { before: days[1] === "-", count: days[2], unit: days[3] };
  if (hours) return { before: hours[1] === "-", count: hours[2], unit: "hours" };
  return { raw: text };
}

export function writeOffset({ raw, before, count, unit }) {
  if (raw !== undefined) return raw;
  const sign = before ? "-" : "+";
  return unit === "hours" ? `${sign}PT${count}H` : `${sign}${count} ${unit}`;
}

export const split = (text) => (text ?? "").split(/[;；\n]/).map((each) => each.trim()).filter(Boolean);

const first = { rule: (panel) => panel.catalogue.rules[0]?.code ?? "", work_days: () => "3", days: () => "5", duration: () => "PT24H", until: () => "", instant: () => "" };
const kinds = () => [
  ["none", t("不限")],
  ["rule", t("按规定")],
  ["work_days", t("工作日")],
  ["days", t("自然日")],
  ["duration", t("时长")],
  ["until", t("按数据")],
  ["instant", t("定日")],
];

// Which kind somebody has just chosen and not filled in yet, by field: the text alone cannot say it.
const chosen = new Map();

export function limit(panel, { key, label, value, set, none = true }) {
  const read = readLimit(value);
  const mark = `${panel.element?.id}/${key}`;
  const kind = chosen.get(mark) && !value ? chosen.get(mark) : read.kind;
  const own = kind === read.kind ? read.value : "";
  const write = (text) => set(writeLimit({ kind, value: text.trim() }));
  const pick = (next) => {
    chosen.set(mark, next);
    const given = next === "none" ? "" : first[next](panel);
    if (writeLimit({ kind: next, value: given }) === (value ?? "")) panel.draw();
    else set(writeLimit({ kind: next, value: given }));
  };
  const controls = [segment({ key, label, hidden: true, value: kind, options: kinds().filter(([each]) => none || each !== "none"), set: pick })];
  if (kind === "rule") {
    const rule = panel.catalogue.rules.find((each) => each.code === own);
    controls.push(choose({ key: `${key}.rule`, label: t("期限规则"), hidden: true, value: own, options: panel.catalogue.rules.map((each) => [each.code, each.name]), set: write }));
    if (rule) controls.push(fact(t("依据"), rule.basis || t("未注明")), ...(rule.text ? [fact(t("算法"), rule.text)] : []));
  } else if (kind === "work_days" || kind === "days") {
    controls.push(expression({ key: `${key}.count`, label: t("天数（数字或表达式）"), value: own, variables: panel.variables(), set: write }));
  } else if (kind === "until") {
    controls.push(expression({ key: `${key}.until`, label: t("到期日（表达式）"), value: own, variables: panel.variables(), set: write, placeholder: "due_on" }));
  } else if (kind === "duration") {
    controls.push(line({ key: `${key}.duration`, label: t("时长"), value: own, mono: true, set: write, help: t("P3D 为 3 天，PT24H 为 24 小时") }));
  } else if (kind === "instant") {
    controls.push(line({ key: `${key}.instant`, label: t("到期日或时刻"), value: own, mono: true, set: write, placeholder: "2026-12-01T17:30" }));
  }
  return controls;
}

const units = () => [
  ["work_days", t("工作日")],
  ["days", t("天")],
  ["hours", t("小时")],
];

function offset(key, given, replace, sides) {
  if (given.raw !== undefined) return [line({ key: `${key}.raw`, label: t("时间"), hidden: true, value: given.raw, mono: true, set: (raw) => replace(readOffset(raw)) })];
  return [
    sides ? choose({ key: `${key}.side`, label: t("期限之前或之后"), hidden: true, width: "db-w-side", value: given.before ? "before" : "after", options: [["before", t("到期前")], ["after", t("到期后")]], set: (side) => replace({ ...given, before: side === "before" }) }) : row(t("超期")),
    line({ key: `${key}.count`, label: t("数量"), hidden: true, type: "number", width: "db-w3", value: given.count, set: (count) => replace({ ...given, count: String(Math.max(0, Math.trunc(Number(count) || 0))) }) }),
    choose({ key: `${key}.unit`, label: t("单位"), hidden: true, width: "db-w-unit", value: given.unit, options: units(), set: (unit) => replace({ ...given, unit }) }),
  ];
}

export function reminders(panel, given, set) {
  const items = split(given).map(readOffset);
  return group(
    "remind",
    t("提醒"),
    [
      rows({
        key: "remind",
        items,
        render: (item, replace, at) => offset(`remind.${at}`, item, replace, true),
        set: (changed) => set(changed.map(writeOffset).join("; ")),
        fresh: () => ({ before: true, count: "1", unit: "work_days" }),
        add: t("添加提醒"),
        remove: (n) => t("删除第 {n} 条提醒", { n }),
      }),
    ],
    { count: items.length ? t("{n} 条", { n: items.length }) : "" },
  );
}

export function ladder(panel, given, set) {
  const items = split(given).map((part) => {
    const [at, process = ""] = part.split(/:(.*)/s).map((each) => each.trim());
    return { at: readOffset(at), process };
  });
  const processes = panel.catalogue.processes.map((each) => [each.key, each.title]);
  return group(
    "ladder",
    t("超期升级"),
    [
      rows({
        key: "ladder",
        items,
        render: (item, replace, at) => [
          ...offset(`ladder.${at}`, item.at, (changed) => replace({ ...item, at: changed }), false),
          choose({ key: `ladder.${at}.process`, label: t("启动的流程"), hidden: true, value: item.process, options: processes, set: (process) => replace({ ...item, process }) }),
        ],
        set: (changed) => set(changed.map((each) => `${writeOffset(each.at)}: ${each.process}`).join("; ")),
        fresh: () => ({ at: { before: false, count: String(3 + 2 * items.length), unit: "work_days" }, process: (panel.catalogue.processes.find((each) => each.key === "referral") ?? panel.catalogue.processes[0])?.key ?? "" }),
        add: t("添加一级"),
        remove: (n) => t("删除第 {n} 级", { n }),
      }),
    ],
    { count: items.length ? t("{n} 级", { n: items.length }) : "" },
  );
}
