"""A county-level city on the sea that does not exist: 12 towns and streets, four villages or communities each."""

from __future__ import annotations

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
