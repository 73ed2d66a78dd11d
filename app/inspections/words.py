"""Words of inspections: modes, purposes, results, as offices use them (domain 1.4, 3.4 P3)."""

from __future__ import annotations

from app.i18n import lazy_

# Only the process moves an inspection from one to the next.
STATUSES = {
    "planned": lazy_("待检查"),
    "concealed": lazy_("待检查（未公开）"),
    "executing": lazy_("检查中"),
    "done": lazy_("已完成"),
    "void": lazy_("已作废"),
}
UNDONE = ("planned", "concealed", "executing")
MODES = {
    "routine": lazy_("日常检查"),
    "special": lazy_("专项检查"),
    "random": lazy_("双随机检查"),
    "unannounced": lazy_("四不两直检查"),
    "joint": lazy_("联合检查"),
    "online": lazy_("线上巡查"),
    "supervisory": lazy_("督导抽查"),
    "look_back": lazy_("回头看"),
    "tip_check": lazy_("举报核查"),
    "guardian": lazy_("包保督导"),
}
# Whoever is to be inspected must not learn of these before they are carried out (domain 2.13, red line 8).
HIDDEN_MODES = ("unannounced", "tip_check")
PURPOSES = {
    "": lazy_("常态监管"),
    "year_end": lazy_("岁末年初"),
    "resumption": lazy_("复工复产"),
    "two_sessions": lazy_("全国两会"),
    "spring_festival": lazy_("春节"),
    "holiday": lazy_("节假日"),
    "flood_season": lazy_("汛期"),
    "major_event": lazy_("重大活动"),
    "accident": lazy_("事故警示"),
}
SELECTIONS = {
    "hand": lazy_("指定对象"),
    "list": lazy_("按名单"),
    "priority": lazy_("按重点和风险"),
    "draw": lazy_("双随机抽取"),
}
# Which records the inspection is counted and planned by (metric columns and list filters).
RESULTS = {"compliant": lazy_("符合"), "noncompliant": lazy_("不符合"), "not_applicable": lazy_("不适用")}
DEADLINES = {
    "on_site": lazy_("当场"),
    "3": lazy_("3 日"),
    "7": lazy_("7 日"),
    "15": lazy_("15 日"),
    "30": lazy_("30 日"),
}
SEVERITIES = {"general": lazy_("一般隐患"), "major": lazy_("重大隐患")}
KINDS = {  # the categories of hazards, which a failed item passes on
    "object": lazy_("物的不安全状态"),
    "person": lazy_("人的不安全行为"),
    "management": lazy_("管理缺陷"),
    "environment": lazy_("环境不良"),
}
SERVED = {"signed": lazy_("现场签字"), "refused": lazy_("拒绝签字"), "absent": lazy_("负责人不在场")}
TEAM_ROLES = {"leader": lazy_("组长"), "member": lazy_("组员")}
LEAST_INSPECTORS = 2  # 安全生产法第六十七条: two or more
