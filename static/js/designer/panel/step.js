// What a person's step says: who, how, with which form, until when, what may be done.
import { area, choose, expression, group, line, link, note, row, rows, segment, tick, ticks } from "../fields.js";
import { extension, words } from "../model.js";
import { pick, settings, t } from "../words.js";
import { ladder, limit, reminders, split } from "./time.js";

const USUAL = ["claim", "reassign", "delegate", "cc", "urge", "comment"];
const VERBS = [...USUAL, "return", "withdraw", "pause", "sign"];
const SIGNING = ["all", "any", "ratio", "veto", "in_turn"];

const verbs = () => ({ claim: t("签收"), reassign: t("转办"), delegate: t("委派"), cc: t("抄送"), urge: t("催办"), comment: t("批注"), return: t("退回"), withdraw: t("撤回"), pause: t("中止计时"), sign: t("加签减签") });
const policies = () => [
  ["single", t("单人")],
  ["pool", t("签收池")],
  ["all", t("会签")],
  ["any", t("或签")],
  ["ratio", t("票签")],
  ["veto", t("一票否决")],
  ["in_turn", t("依次")],
];
const explained = () => ({
  single: t("由一人办理"),
  pool: t("有权的人都看得到，谁签收谁办"),
  all: t("人人签完才算，全部同意为通过"),
  any: t("第一个人签了就算"),
  ratio: t("同意的达到比例为通过"),
  veto: t("一人不同意即不通过"),
  in_turn: t("按顺序一个接一个签"),
});

const roles = (panel) => panel.catalogue.roles.map((each) => [each.key, each.name]);

function who(panel, given, set) {
  const lane = panel.laneOf();
  const named = panel.catalogue.lanes.find((each) => each.names.includes(lane));
  const policy = given.policy || "single";
  const signs = SIGNING.includes(policy);
  return group("who", t("办理角色"), [
    choose({ key: "role", label: t("角色"), value: given.role, blank: named ? t("随泳道：{role}", { role: named.role_name }) : t("未指定"), options: roles(panel), set: (value) => set({ role: value }) }),
    expression({ key: "org", label: t("单位（表达式）"), value: given.org, placeholder: given.role ? "" : (named?.org ?? ""), variables: panel.variables(), set: (value) => set({ org: value }), help: t("不填：角色随泳道时按泳道的单位，否则全市担任此角色的人") }),
    segment({ key: "policy", label: t("办理方式"), value: policy, options: policies(), set: (value) => set({ policy: value === "single" ? "" : value, ...(SIGNING.includes(value) ? {} : { signers: "", ratio: "", vote: "", agree: "" }) }) }),
    note(explained()[policy] ?? policy),
    ...(signs ? signing(panel, given, policy, set) : [expression({ key: "assignee", label: t("直接交给（人员表达式）"), value: given.assignee, variables: panel.variables(), set: (value) => set({ assignee: value }), help: t("填了就不用签收，例如 completed_by[\"order\"].id") })]),
  ]);
}

function signing(panel, given, policy, set) {
  const form = panel.catalogue.forms.find((each) => each.name === given.form);
  const votes = (form?.fields ?? []).filter((each) => ["radio", "select"].includes(each.kind));
  const vote = votes.find((each) => each.name === (given.vote || "decision"));
  const agreed = (given.agree || "agree").split(/[,，;；]/).map((each) => each.trim());
  return [
    expression({ key: "signers", label: t("签署人（表达式，人员或单位的列表）"), value: given.signers, variables: panel.variables(), set: (value) => set({ signers: value }), help: t("不填：有权办理的人都签") }),
    ...(policy === "ratio" ? [line({ key: "ratio", label: t("通过比例"), value: given.ratio, set: (value) => set({ ratio: value }), help: t("2/3、60% 或人数 2") })] : []),
    choose({ key: "vote", label: t("表决项"), value: given.vote, blank: t("字段 decision"), options: votes.map((each) => [each.name, pick(each.label)]), set: (value) => set({ vote: value }) }),
    vote?.options?.length
      ? ticks({ key: "agree", label: t("哪些算同意"), value: agreed, options: vote.options.map((each) => [each.value, pick(each.label)]), set: (value) => set({ agree: value.join(", ") }) })
      : line({ key: "agree", label: t("哪些值算同意"), value: given.agree, placeholder: "agree", set: (value) => set({ agree: value }) }),
  ];
}

function form(panel, given, set) {
  const chosen = panel.catalogue.forms.find((each) => each.name === given.form);
  const required = chosen?.fields.filter((each) => each.required === true).length ?? 0;
  return group("form", t("表单"), [
    row(
      choose({ key: "form", label: t("表单"), hidden: true, value: given.form, blank: t("无表单，只确认"), options: panel.catalogue.forms.map((each) => [each.name, pick(each.title) || each.name]), set: (value) => set({ form: value }) }),
      chosen?.url && link(t("编辑"), chosen.url),
      settings.urls.new_form && link(t("新建"), settings.urls.new_form),
    ),
    chosen && note(t("{n} 项，必填 {m} 项", { n: chosen.fields.length, m: required })),
  ]);
}

function deadline(panel, given, set) {
  const processes = panel.catalogue.processes.filter((each) => each.extends || each.key === given.extension_process).map((each) => [each.key, each.title]);
  return group("deadline", t("办理时限"), [
    ...limit(panel, { key: "deadline", label: t("时限来源"), value: given.deadline, set: (value) => set({ deadline: value, ...(value ? {} : { remind: "", ladder: "", extension_process: "" }) }) }),
    given.deadline &&
      choose({ key: "extension_process", label: t("申请延期走的流程"), value: given.extension_process, blank: t("不可申请延期"), options: processes, set: (value) => set({ extension_process: value }) }),
  ]);
}

function copies(panel, given, set) {
  const items = split(given.cc).map((part) => {
    const [role, org = ""] = part.split(/@(.*)/s).map((each) => each.trim());
    return { role, org };
  });
  return group(
    "cc",
    t("抄送"),
    [
      rows({
        key: "cc",
        items,
        render: (item, replace, at) => [
          choose({ key: `cc.${at}.role`, label: t("抄送角色"), hidden: true, value: item.role, options: roles(panel), set: (role) => replace({ ...item, role }) }),
          line({ key: `cc.${at}.org`, label: t("抄送单位（表达式）"), hidden: true, value: item.org, mono: true, placeholder: t("所有单位"), set: (org) => replace({ ...item, org }) }),
        ],
        set: (changed) => set({ cc: changed.map((each) => (each.org ? `${each.role}@${each.org}` : each.role)).join("; ") }),
        fresh: () => ({ role: panel.catalogue.roles[0]?.key ?? "", org: "" }),
        add: t("添加抄送"),
        remove: (n) => t("删除第 {n} 个抄送", { n }),
      }),
    ],
    { count: items.length ? t("{n} 个", { n: items.length }) : "", closed: !items.length },
  );
}

export function handling(panel) {
  const given = words(panel.element);
  const set = (changes) => panel.model.setWords(panel.element, changes);
  return [
    panel.names(),
    who(panel, given, set),
    form(panel, given, set),
    deadline(panel, given, set),
    given.deadline && reminders(panel, given.remind, (remind) => set({ remind })),
    given.deadline && ladder(panel, given.ladder, (value) => set({ ladder: value })),
    copies(panel, given, set),
  ];
}

export function acting(panel) {
  const given = words(panel.element);
  const set = (changes) => panel.model.setWords(panel.element, changes);
  const allowed = given.allow === undefined ? USUAL : given.allow.split(/[,，;；\s]+/).filter(Boolean);
  const usual = (chosen) => chosen.length === USUAL.length && USUAL.every((each) => chosen.includes(each));
  const checks = split(given.checks);
  const text = (type) => extension(panel.element, type)?.get("value") ?? "";
  return [
    group("allow", t("可以做的事"), [ticks({ key: "allow", label: t("办理时可用的操作"), value: allowed, options: VERBS.map((each) => [each, verbs()[each]]), set: (chosen) => set({ allow: usual(chosen) ? "" : chosen.join(", ") || "comment" }) })]),
    group("checks", t("提交前检查"), [
      rows({
        key: "checks",
        items: checks,
        render: (item, replace, at) => [choose({ key: `checks.${at}`, label: t("检查"), hidden: true, value: item, options: panel.catalogue.checks.map((each) => [each.name, each.title]), set: replace })],
        set: (changed) => set({ checks: changed.join("; ") }),
        fresh: () => panel.catalogue.checks.find((each) => !checks.includes(each.name))?.name ?? "",
        add: t("添加检查"),
        remove: (n) => t("删除第 {n} 项检查", { n }),
      }),
    ]),
    group("scripts", t("前后计算"), [
      area({ key: "preScript", label: t("开始前"), mono: true, value: text("PreScript"), set: (value) => panel.model.setText(panel.element, "PreScript", value) }),
      area({ key: "postScript", label: t("办完后"), mono: true, value: text("PostScript"), set: (value) => panel.model.setText(panel.element, "PostScript", value) }),
      note(t("每行一个赋值，例如 late = today() > due_on")),
    ]),
  ];
}

export function statutory(panel) {
  const given = words(panel.element);
  return tick({ key: "statutory", label: t("法定环节"), value: given.statutory === "true", set: (on) => panel.model.setWord(panel.element, "statutory", on ? "true" : ""), help: t("法律法规要求的步骤，不能删除或绕过") });
}
