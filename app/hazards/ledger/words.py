"""What the words of a ledger say: the grade, the kind, and whether a hazard is already put right."""

from __future__ import annotations

import re

from app.hazards.ledger.cleaning import Unclear
from app.subjects import name_key

_GRADES = {
    "general": "一般 一般隐患 一般事故隐患 一般安全隐患 一般问题 较小 轻微 低 蓝 黄 general minor",
    "major": "重大 重大隐患 重大事故隐患 重大安全隐患 重大火灾隐患 重大问题 特别重大 major",
}
_GRADE_OF = {word: grade for grade, words in _GRADES.items() for word in words.split()}
_CATEGORIES = (
    ("person", re.compile(r"人的|人员|行为|违章|作业人|person")),
    ("management", re.compile(r"管理|制度|台账|资料|培训|教育|责任制|证照|应急预案|预案|management")),
    ("environment", re.compile(r"环境|作业场所|场地|通风|照明|environment")),
    ("object", re.compile(r"物的|设备|设施|电气|用电|消防|特种|机械|管道|燃气|工艺|仪表|建筑|物料|储存|object")),
)
_OPEN = re.compile(
    r"未|没|无法|不能|尚|待|正在|中$|部分|逾期|超期|否|^不|×|✗|✘|进行|推进|办理中|限期|计划|预计|持续|open|ongoing|^no?$",
    re.IGNORECASE,
)
_CLOSED = re.compile(
    r"^已|完成|完毕|销号|闭环|办结|合格|整改到位|消除|^是$|^√$|✓|✔|^完$|^结$|closed|done|^y(es)?$|completed",
    re.IGNORECASE,
)
_DOUBTFUL = re.compile(r"已(下达|责令|通知|告知|要求|安排|交办|上报|立案|约谈|移交|停产|停工|制定|采购|联系|申请)")


def grade(text: str) -> str:
    """general, major, or "" for nothing. 蓝、黄 and the like are company usage for what the law calls 一般."""
    key = name_key(text)
    if not key:
        return ""
    found = _GRADE_OF.get(key) or _GRADE_OF.get(re.sub(r"(事故|安全)?隐患$|级$", "", key))
    if found is None:
        raise Unclear("grade_unknown", value=text[:40])
    return found


def category(text: str) -> str:
    """The kind of hazard that the words point to; "" where they do not."""
    key = name_key(text)
    return next((name for name, words in _CATEGORIES if words.search(key)), "") if key else ""


def is_closed(text: str) -> bool | None:
    """Whether the words say that the hazard is put right; None where they do not tell.

    未、待、部分 and the like outweigh 完成: “部分完成” and “未整改完成” are open. That an order was given or work begun
    (已责令整改) is not the end of it.
    """
    key = name_key(text)
    if not key:
        return None
    if _DOUBTFUL.match(key) and not re.search(r"完成|完毕|销号|闭环|到位", key):
        return False
    if _OPEN.search(key):
        return False
    return True if _CLOSED.search(key) else None
