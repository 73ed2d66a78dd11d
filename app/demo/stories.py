"""What happens to the demo city's hazards. A story is how far one has come by the day of installation, and how."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Story:
    """`ago`: days since it was found. Steps after `stop` have not been done. `limit`: days given to rectify.

    `slow`: rectified so many days after the due day (negative: before it). `rounds`: re-inspections until it passes.
    `asks`: a request a few days after the receipt and what becomes of it: granted, refused, open (reviewed, not decided).
    `paused`: the department stops the clock. `returned`: the order is returned to the grading, which is done again.
    """

    ago: int
    stop: str
    limit: int = 15
    slow: int = -3
    rounds: int = 1
    on_site: bool = False
    major: bool = False
    town: bool = False
    by: str = "town"  # who finds it: town, department, enterprise
    asks: str = ""
    paused: bool = False
    returned: bool = False


# The steps in order; a story ends before its `stop`.
STEPS = ("grade", "order", "receive", "rectify", "review", "close", "confirm", "end")

STORIES: tuple[Story, ...] = (
    # waiting to be graded
    Story(0, "grade"), Story(0, "grade", by="department"), Story(1, "grade"), Story(1, "grade", by="enterprise"),
    Story(2, "grade"), Story(3, "grade", by="department"),
    # waiting for the order
    Story(1, "order"), Story(3, "order", by="department", returned=True), Story(2, "order", town=True), Story(4, "order", major=True),
    # waiting for the receipt, one of them for too long
    Story(1, "receive"), Story(2, "receive", by="department"), Story(5, "receive"), Story(3, "receive", town=True),
    # being rectified in time
    Story(4, "rectify", 15), Story(5, "rectify", 20), Story(6, "rectify", 15, by="department", asks="open"), Story(9, "rectify", 30, asks="open"),
    Story(8, "rectify", 20, asks="refused"), Story(10, "rectify", 30, town=True),
    Story(12, "rectify", 30, paused=True), Story(6, "rectify", 90, major=True), Story(14, "rectify", 120, major=True, by="department"),
    Story(24, "rectify", 60, major=True), Story(33, "rectify", 150, major=True, by="department"),
    Story(56, "end", 40, -14, major=True, by="department"),
    # due soon
    Story(11, "rectify", 12), Story(13, "rectify", 15), Story(12, "rectify", 14, town=True), Story(17, "rectify", 12, asks="granted"),
    # overdue: fresh, first, second and third rung
    Story(12, "rectify", 10), Story(17, "rectify", 10), Story(16, "rectify", 7, by="department"), Story(25, "rectify", 10),
    Story(28, "rectify", 12, town=True), Story(40, "rectify", 10), Story(48, "rectify", 15, by="department"),
    # waiting for the re-inspection
    Story(14, "review", 15, -3), Story(20, "review", 15, 1), Story(15, "review", 14, -4, by="department"),
    Story(18, "review", 15, -1, town=True),
    # put right on the spot
    Story(3, "review", on_site=True), Story(20, "end", on_site=True),
    # second round
    Story(22, "rectify", 10, -1, rounds=2), Story(30, "rectify", 12, 2, rounds=2), Story(26, "review", 10, 0, rounds=2),
    # waiting to be closed out
    Story(22, "close", 15, -4), Story(25, "close", 15, -2, town=True), Story(45, "confirm", 30, -6, major=True),
    # closed, in time and late, in one and two rounds
    Story(40, "end", 15, -5), Story(55, "end", 15, 2), Story(58, "end", 30, -10, asks="granted"),
    Story(60, "end", 15, -3, town=True), Story(62, "end", 12, 0, rounds=2),
    Story(72, "end", 30, -12, major=True),
)  # fmt: skip

# What was found, where, what is asked for, which law; by sector, in turn.
FINDINGS: dict[str, tuple[tuple[str, str, str, str, str], ...]] = {
    "INDUSTRY": (
        (
            "2 号车间安全出口上锁、疏散通道堆放物料",
            "2 号车间东侧出口",
            "拆除锁具，改装推杠门锁；清空疏散通道，净宽不小于 1.4 米",
            "《中华人民共和国安全生产法》第四十二条第二款",
            "object",
        ),
        (
            "除尘系统未按规定清灰，积尘厚度超标",
            "木工车间除尘间",
            "停机清理积尘，建立每班清灰记录",
            "《工贸企业粉尘防爆安全规定》第十七条",
            "object",
        ),
        (
            "有限空间作业未办理审批、未先通风检测",
            "污水池作业点",
            "立即停止作业，补办审批，配齐气体检测和救援器材",
            "《工贸企业有限空间作业安全规定》第十三条",
            "management",
        ),
        (
            "冲压设备光电保护装置失效",
            "冲压车间 3 号机",
            "修复光电保护装置，验收前停用",
            "《中华人民共和国安全生产法》第三十六条第二款",
            "object",
        ),
    ),
    "CHEM": (
        (
            "可燃气体探测器超期未检定",
            "甲类仓库",
            "送检并更换失效探头，补全检定记录",
            "《危险化学品安全管理条例》第二十条",
            "object",
        ),
        (
            "动火作业票审批与现场不一致",
            "装置区管廊",
            "停止动火，重新辨识风险并审批",
            "《危险化学品企业特殊作业安全规范》第 5 章",
            "management",
        ),
    ),
    "FIRE": (
        (
            "消防控制室值班人员无证上岗",
            "消防控制室",
            "调整持证人员值班，每班不少于两人",
            "《中华人民共和国消防法》第二十一条第二款",
            "person",
        ),
        (
            "自动喷水灭火系统末端试水压力不足",
            "三层营业区",
            "检修稳压设备，恢复系统压力",
            "《中华人民共和国消防法》第十六条第一款",
            "object",
        ),
    ),
    "CONSTRUCTION": (
        (
            "深基坑临边防护缺失",
            "3 号楼基坑北侧",
            "补设防护栏杆和警示标志，验收合格后作业",
            "《建设工程安全生产管理条例》第二十八条",
            "environment",
        ),
        (
            "塔式起重机力矩限制器失灵",
            "2 号塔机",
            "停用塔机，更换限制器并重新检测",
            "《建设工程安全生产管理条例》第三十五条",
            "object",
        ),
    ),
    "GAS": (
        (
            "餐饮后厨燃气软管穿墙、未装报警器",
            "一层后厨",
            "更换金属软管，加装报警切断装置",
            "《城镇燃气管理条例》第二十七条",
            "object",
        ),
    ),
    "MINE": (
        (
            "采场台阶坡面角超过设计",
            "北采区 +45 米台阶",
            "按设计削坡，整改期间停止下部作业",
            "《金属非金属矿山安全规程》第 5.2 条",
            "environment",
        ),
    ),
    "MARINE": (
        (
            "救生筏检验过期，消防器材失效",
            "渔船机舱",
            "送检救生筏，更换灭火器后方可出海",
            "《渔业船舶检验条例》第十六条",
            "object",
        ),
    ),
    "ROAD": (
        (
            "货运车辆改型加高栏板",
            "停车场",
            "恢复原状并经检验，停止运营改型车辆",
            "《中华人民共和国道路交通安全法》第十六条",
            "object",
        ),
    ),
    "TOURISM": (
        (
            "水上项目救生员配备不足",
            "海滨浴场",
            "按客流配足持证救生员，未配足前限流",
            "《中华人民共和国旅游法》第七十九条",
            "person",
        ),
    ),
    "FIREWORK": (
        (
            "零售点超量存放、未保持安全距离",
            "零售点库房",
            "清退超量产品，拉开安全距离",
            "《烟花爆竹经营许可实施办法》第二十二条",
            "object",
        ),
    ),
    "CO": (
        (
            "大棚取暖炉烟道破损，未装一氧化碳报警器",
            "4 号大棚",
            "更换烟道，安装报警器并告知用户",
            "《山东省安全生产条例》第四十七条",
            "object",
        ),
    ),
}
