// What is said of the process as a whole: process.toml, as fields.
import { area, choose, expression, group, line, note, row, rows, ticks } from "../fields.js";
import { pick, settings, t } from "../words.js";
import { link } from "../fields.js";
import { functions } from "./work.js";

const SCOPE = () => ({ region: t("属地"), sector: t("领域"), supervising: t("监管单位"), responsible: t("责任单位") });
const HOOKS = () => ({ on_cancel: t("撤销时"), on_amend: t("更正时"), on_clock: t("时限变动时"), on_return: t("退回、撤回时") });

export function basics(panel) {
  const { manifest, change } = panel.manifest();
  const both = (name, language, label, more = {}) => line({ key: `${name}.${language}`, label, value: manifest[name]?.[language], set: (value) => change({ [name]: { ...(manifest[name] ?? {}), [language]: value.trim() } }), ...more });
  const described = (language, label) =>
    area({
      key: `description.${language}`,
      label,
      rows: 2,
      value: manifest.description?.[language],
      set: (value) => {
        const next = { ...(manifest.description ?? {}), [language]: value.trim() };
        change({ description: next.zh || next.en ? next : null });
      },
    });
  return [
    group("p.name", t("名称"), [both("title", "zh", t("中文名称")), both("title", "en", t("英文名称")), described("zh", t("中文说明")), described("en", t("英文说明"))]),
    group("p.start", t("发起"), [
      ticks({ key: "starters", label: t("谁可以发起"), value: manifest.starters ?? [], options: panel.catalogue.roles.map((each) => [each.key, each.name]), set: (starters) => change({ starters }) }),
      !(manifest.starters ?? []).length && note(t("没有人可以发起：只由系统、服务或超期升级启动")),
      row(
        choose({ key: "start_form", label: t("发起表单"), value: manifest.start_form, blank: t("无表单"), options: panel.catalogue.forms.map((each) => [each.name, pick(each.title) || each.name]), set: (name) => change({ start_form: name || null }) }),
        formLink(panel, manifest.start_form),
      ),
      rows({
        key: "start_checks",
        items: manifest.start_checks ?? [],
        render: (item, replace, at) => [choose({ key: `start_checks.${at}`, label: t("发起前检查"), hidden: true, value: item, options: panel.catalogue.checks.map((each) => [each.name, each.title]), set: replace })],
        set: (items) => change({ start_checks: items.length ? items : null }),
        fresh: () => panel.catalogue.checks[0]?.name ?? "",
        add: t("添加发起前检查"),
        remove: (n) => t("删除第 {n} 项检查", { n }),
      }),
    ]),
    group("p.title", t("每件的名称"), [
      expression({ key: "instance_title", label: t("标题（表达式）"), value: manifest.instance_title, variables: panel.variables(), set: (value) => change({ instance_title: value.trim() || null }), help: t("办件和任务在各处显示的名称，例如 subject_name + '：' + summary") }),
      expression({ key: "business_key", label: t("编号（表达式）"), value: manifest.business_key, variables: panel.variables(), set: (value) => change({ business_key: value.trim() || null }) }),
    ]),
  ];
}

function formLink(panel, name) {
  const found = panel.catalogue.forms.find((each) => each.name === name);
  return found?.url ? link(t("编辑"), found.url) : settings.urls.new_form ? link(t("新建"), settings.urls.new_form) : null;
}

export function data(panel) {
  const { manifest, change } = panel.manifest();
  const table = (name, field, label, more = {}) =>
    expression({
      key: `${name}.${field}`,
      label,
      value: manifest[name]?.[field],
      variables: panel.variables(),
      set: (value) => {
        const next = { ...(manifest[name] ?? {}), [field]: value.trim() };
        if (!value.trim()) delete next[field];
        change({ [name]: Object.keys(next).length ? next : null });
      },
      ...more,
    });
  const facts = Object.entries(manifest.facts ?? {});
  return [
    group("p.subject", t("事项对象"), [
      line({
        key: "subject.kind",
        label: t("种类"),
        mono: true,
        value: manifest.subject?.kind,
        set: (kind) => {
          const next = { ...(manifest.subject ?? {}), kind: kind.trim() };
          if (!kind.trim()) delete next.kind;
          change({ subject: Object.keys(next).length ? next : null });
        },
      }),
      table("subject", "id", t("编码（表达式）")),
    ]),
    group("p.scope", t("谁看得到"), [...Object.entries(SCOPE()).map(([field, label]) => table("scope", field, label)), note(t("都不填：发起人的单位作为监管单位"))]),
    group(
      "p.facts",
      t("统计用数据"),
      [
        rows({
          key: "facts",
          items: facts,
          render: ([name, value], replace, at) => [
            line({ key: `facts.${at}.name`, label: t("名称"), hidden: true, mono: true, value: name, set: (next) => replace([next.trim() || name, value]) }),
            line({ key: `facts.${at}.value`, label: t("取值（表达式）"), hidden: true, mono: true, value, list: panel.variables().flatMap((each) => each[1].map((one) => one[0])), set: (next) => replace([name, next.trim()]) }),
          ],
          set: (items) => change({ facts: items.length ? Object.fromEntries(items) : null }),
          fresh: () => {
            const name = panel.variables()[0]?.[1].map((each) => each[0]).find((each) => !facts.some((fact) => fact[0] === each)) ?? "name";
            return [name, name];
          },
          add: t("添加一项"),
          remove: (n) => t("删除第 {n} 项数据", { n }),
        }),
      ],
      { count: facts.length ? t("{n} 项", { n: facts.length }) : "" },
    ),
    group("p.inputs", t("启动时带入"), [
      area({ key: "inputs", label: t("变量名，每行一个"), mono: true, value: (manifest.inputs ?? []).join("\n"), set: (value) => { const names = value.split(/[\s,，;；]+/).filter(Boolean); change({ inputs: names.length ? names : null }); }, help: t("由启动它的流程或服务带来，不在发起表单中填") }),
    ]),
  ];
}

export function advanced(panel) {
  const { manifest, change } = panel.manifest();
  const services = panel.catalogue.services.map((each) => [each.name, `${each.title}（${each.name}）`]);
  return [
    group("p.hooks", t("同时调用的服务"), [
      ...Object.entries(HOOKS()).map(([name, label]) => choose({ key: name, label, value: manifest[name], blank: t("不调用"), options: services, set: (value) => change({ [name]: value || null }) })),
    ]),
    group("p.key", t("标识"), [line({ key: "p.key", label: t("流程标识"), mono: true, value: manifest.key ?? settings.key, set: (key) => change({ key: key.trim() }), help: t("即文件夹名和图中流程的编号，发布后不要改") })]),
    functions(panel),
  ];
}
