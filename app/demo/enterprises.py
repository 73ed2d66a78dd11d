"""Forty invented enterprises (times the size asked for), with valid credit codes under a region code that is not in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stdnum.cn import uscc

from app.demo.offices import TOWNS, village_code

_BRANDS = ("鑫源", "宏达", "海盛", "金鼎", "永固", "华茂", "蓝港", "瑞丰", "恒通", "聚力", "东升", "泰和")
# what it makes, sector, industry (GB/T 4754), category
_TRADES = (
    ("纺织", "INDUSTRY", "1711", "棉纺"), ("铸件", "INDUSTRY", "3391", "金属冶炼"), ("水产食品", "INDUSTRY", "1361", "涉氨制冷"),
    ("木业", "INDUSTRY", "2110", "涉爆粉尘"), ("化工", "CHEM", "2614", "一般化工"), ("加油站", "CHEM", "5265", "危化经营（带储存）"),
    ("石材", "MINE", "1019", "露天采石"), ("建筑工程", "CONSTRUCTION", "4710", "房屋建筑"), ("燃气", "GAS", "4511", "燃气经营"),
    ("渔业", "MARINE", "0412", "海洋捕捞"), ("商贸广场", "FIRE", "5211", "人员密集场所"), ("物流", "ROAD", "5431", "普通货运"),
    ("酒店", "FIRE", "6110", "人员密集场所"), ("海上游乐", "TOURISM", "7862", "滨海景区"), ("烟花鞭炮经销", "FIREWORK", "5198", "烟花爆竹零售"),
    ("现代农业", "CO", "0141", "温室大棚"), ("机械制造", "INDUSTRY", "3499", "机械加工"), ("医药化工", "CHEM", "2710", "精细化工"),
    ("包装印刷", "INDUSTRY", "2319", "有限空间"), ("装饰工程", "CONSTRUCTION", "5011", "装饰装修"),
)  # fmt: skip


@dataclass(frozen=True)
class Enterprise:
    index: int
    code: str
    name: str
    short: str
    sector: str
    industry: str
    category: str
    region: str
    town: int
    with_account: bool
    key: bool
    high_risk: bool


def enterprises(count: int) -> Iterator[Enterprise]:
    """The first `count`. Every eighth has no account: the town fills in for it."""
    for index in range(count):
        trade, sector, industry, category = _TRADES[index % len(_TRADES)]
        # every brand with every trade before a name needs a number
        turn = index // len(_TRADES)
        brand = _BRANDS[(index + turn) % len(_BRANDS)]
        number = turn // len(_BRANDS)
        short = f"{brand}{trade}" + (f"{number + 1} 厂" if number else "")
        town, village = index % len(TOWNS), (index // len(TOWNS)) % 4
        yield Enterprise(
            index,
            _credit_code(index),
            f"望海{short.replace(' ', '')}有限公司",
            short,
            sector,
            industry,
            category,
            village_code(town, village),
            town,
            with_account=index % 8 != 7,
            key=index % 5 == 0,
            high_risk=sector in ("CHEM", "MINE", "FIREWORK"),
        )


def _credit_code(index: int) -> str:
    """91 (enterprise) + region 990181 + a counter as organisation code + check character."""
    body = f"91990181MA{index + 1:07d}"
    return body + str(uscc.calc_check_digit(body))
