"""A county-level city on the sea that does not exist: its places, 24 offices, 12 sectors and the people who work there."""

from __future__ import annotations

from dataclasses import dataclass

CITY = ("990181000000", "望海市", "Wanghai City")

# Town or street, its English name, its villages and communities.
TOWNS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("新港街道", "Xingang Street", ("渔港社区", "振兴社区", "东码头社区", "盐场社区")),
    ("城关街道", "Chengguan Street", ("钟楼社区", "文昌社区", "南关社区", "西园社区")),
    ("滨海街道", "Binhai Street", ("金沙社区", "海韵社区", "灯塔社区", "礁石湾社区")),
    ("龙湾镇", "Longwan Town", ("李家村", "上龙村", "下龙村", "窑头村")),
    ("青石镇", "Qingshi Town", ("青石村", "采石沟村", "白云村", "柳树底村")),
    ("石桥镇", "Shiqiao Town", ("石桥村", "孙家村", "苗圃村", "北河村")),
    ("东山镇", "Dongshan Town", ("东山村", "梨园村", "山后村", "高崖村")),
    ("白沙镇", "Baisha Town", ("白沙村", "网房村", "虾塘村", "草滩村")),
    ("柳林镇", "Liulin Town", ("柳林村", "油坊村", "南庄村", "磨盘村")),
    ("河口镇", "Hekou Town", ("河口村", "闸北村", "芦苇村", "新渡村")),
    ("双岭镇", "Shuangling Town", ("双岭村", "岭东村", "岭西村", "茶园村")),
    ("望海开发区", "Wanghai Development Zone", ("创业社区", "科技社区", "临港社区", "保税社区")),
)


def town_code(index: int) -> str:
    """The 12-digit statistical code of the index-th town."""
    return f"{CITY[0][:6]}{101 + index:03d}000"


def village_code(town: int, village: int) -> str:
    return f"{town_code(town)[:9]}{201 + village:03d}"


PASSWORD = "Duban-demo-2026"  # printed on the sign-in page of a demo city, which production never builds


@dataclass(frozen=True)
class Office:
    """An organisation; `sectors` are those that it supervises."""

    code: str
    name: str
    short: str
    name_en: str
    kind: str
    region: str = CITY[0]
    sectors: tuple[str, ...] = ()
    penalties: bool = False
    prefix: str = ""


SECTORS: tuple[tuple[str, str, str, str], ...] = (  # code, name, English, lead office
    ("MINE", "非煤矿山", "Non-coal mines", "emergency"),
    ("MARINE", "海上安全", "Safety at sea", "marine"),
    ("FIRE", "消防安全", "Fire safety", "fire"),
    ("ROAD", "道路交通", "Road traffic", "police"),
    ("INDUSTRY", "工贸", "Industry and trade", "emergency"),
    ("CONSTRUCTION", "建筑施工", "Construction", "housing"),
    ("CHEM", "危险化学品", "Hazardous chemicals", "emergency"),
    ("FIREWORK", "烟花爆竹", "Fireworks", "emergency"),
    ("GAS", "城乡燃气", "Urban and rural gas", "housing"),
    ("CO", "防范一氧化碳", "Carbon monoxide", "agriculture"),
    ("TOURISM", "旅游业", "Tourism", "tourism"),
)
UNLED = ("LOWALT", "低空经济", "Low-altitude economy")  # a new trade: which department leads is not settled yet

CITY_OFFICES: tuple[Office, ...] = (
    Office("gov", "望海市人民政府", "市政府", "Wanghai Municipal Government", "city_gov"),
    Office("awb", "望海市安全生产委员会办公室", "市安委办", "Wanghai Work Safety Committee Office", "awc_office", prefix="望安办"),
    Office("emergency", "望海市应急管理局", "应急局", "Emergency Management Bureau", "sector_dept",
           sectors=("MINE", "INDUSTRY", "CHEM", "FIREWORK"), penalties=True, prefix="望应急"),
    Office("fire", "望海市消防救援大队", "消防大队", "Fire and Rescue Brigade", "sector_dept",
           sectors=("FIRE",), penalties=True, prefix="望消"),
    Office("housing", "望海市住房和城乡建设局", "住建局", "Housing and Construction Bureau", "sector_dept",
           sectors=("CONSTRUCTION", "GAS"), penalties=True, prefix="望住建"),
    Office("police", "望海市公安局交通警察大队", "交警大队", "Traffic Police Brigade", "sector_dept",
           sectors=("ROAD",), penalties=True, prefix="望公交"),
    Office("transport", "望海市交通运输局", "交通局", "Transport Bureau", "sector_dept",
           sectors=("ROAD",), penalties=True, prefix="望交"),
    Office("marine", "望海市海洋渔业局", "海洋渔业局", "Ocean and Fisheries Bureau", "sector_dept",
           sectors=("MARINE",), penalties=True, prefix="望海渔"),
    Office("tourism", "望海市文化和旅游局", "文旅局", "Culture and Tourism Bureau", "sector_dept",
           sectors=("TOURISM",), prefix="望文旅"),
    Office("market", "望海市市场监督管理局", "市场监管局", "Market Supervision Bureau", "sector_dept",
           sectors=("GAS", "INDUSTRY"), penalties=True, prefix="望市监"),
    Office("agriculture", "望海市农业农村局", "农业农村局", "Agriculture Bureau", "sector_dept",
           sectors=("CO",), prefix="望农"),
    Office("education", "望海市教育和体育局", "教体局", "Education and Sports Bureau", "sector_dept", prefix="望教"),
)  # fmt: skip

TOWN_OFFICES: tuple[Office, ...] = tuple(
    Office(
        f"town{index + 1:02d}",
        f"{name}办事处" if name.endswith("街道") else f"{name}管理委员会" if name.endswith("区") else f"{name}人民政府",
        name,
        english,
        "town",
        town_code(index),
    )
    for index, (name, english, _villages) in enumerate(TOWNS)
)
VILLAGE = Office("village01", "渔港社区居民委员会", "渔港社区", "Yugang Community", "village", village_code(0, 0))
EXPERTS = Office("experts", "望海市安全生产专家组", "专家组", "Work Safety Expert Group", "expert_body")

# Who is offered at sign-in: user name, name, what the person is there to show.
SHOWN: tuple[tuple[str, str, str, str], ...] = (
    ("sunqiang", "孙强", "新港街道　登记隐患、代录整改", "Town staff: registers hazards"),
    ("zhaomingyuan", "赵明远", "应急局　核查定级、下达指令", "Department staff: grades, orders"),
    ("liuyang", "刘洋", "应急局执法人员　整改复查", "Enforcement officer: re-inspects"),
    ("zhoumin", "周敏", "企业安全总监　签收、整改", "Enterprise safety officer: rectifies"),
    ("wangjianguo", "王建国", "市安委办　督办、复核", "Committee office: escalations"),
    ("linhaifeng", "林海峰", "分管市领导　看全市", "Leader: sees the whole city"),
    ("admin", "高志远", "系统管理员　人员、单位、流程", "System administrator"),
    ("secadmin", "安静", "安全管理员　岗位、授权", "Security administrator"),
    ("auditadmin", "沈察", "审计管理员　审计日志", "Audit administrator"),
)

# Named people; the rest is made from the lists below. user name, name, office, post, roles.
NAMED: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("linhaifeng", "林海峰", "gov", "副市长", ("leader",)),
    ("chenguodong", "陈国栋", "gov", "市长", ("leader",)),
    ("wangjianguo", "王建国", "awb", "综合协调科科长", ("coordinator",)),
    ("luyifan", "陆一帆", "awb", "督查科科员", ("coordinator",)),
    ("hanxue", "韩雪", "awb", "督查科科员", ("coordinator",)),
    ("gulin", "顾林", "awb", "巡查考核科科长", ("auditor",)),
    ("heqing", "何清", "awb", "举报受理专员", ("reward_officer",)),
    ("admin", "高志远", "awb", "系统管理员", ("admin",)),
    ("secadmin", "安静", "awb", "安全管理员", ("security_admin",)),
    ("auditadmin", "沈察", "awb", "审计管理员", ("audit_admin",)),
    ("zhaomingyuan", "赵明远", "emergency", "工贸科科员", ("dept_staff",)),
    ("liuyang", "刘洋", "emergency", "执法大队中队长", ("officer",)),
    ("sunqiang", "孙强", "town01", "应急办主任", ("town_staff",)),
    ("maxiaoyu", "马小渔", "village01", "网格员", ("grid_worker",)),
)
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁于蒋蔡余杜叶程魏苏吕丁任沈姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严"
GIVEN = (
    "建军", "志强", "文静", "晓东", "立新", "海燕", "国华", "秀英", "明辉", "雪梅", "永强", "丽娜", "德胜", "玉兰",
    "少华", "春生", "慧敏", "长江", "淑芬", "振宇", "凤霞", "子健", "婷婷", "宏伟", "桂花", "一鸣", "思远", "佳怡",
)  # fmt: skip
