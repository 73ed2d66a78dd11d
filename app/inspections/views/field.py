"""The checklist for places without a network: the frame of the page, and the words that the phone draws it with."""

from __future__ import annotations

from typing import Any

from flask import Response

from app import web
from app.i18n import _
from app.inspections import answering, queries
from app.inspections.views import blueprint
from app.inspections.words import DEADLINES, RESULTS, SERVED, SEVERITIES

_TONES = {"compliant": "is-green", "noncompliant": "is-red"}


@blueprint.get("/<inspection_id>/field")
def field(inspection_id: str) -> Response:
    """Kept on the phone once it has been opened; what is entered goes to `PUT /inspections/<id>/answers`."""
    inspection = queries.get(web.db.session(), inspection_id, web.current_user())
    team = queries.team_of(web.db.session(), inspection.id)
    return web.render("inspections/field.html", inspection=inspection, team=team, field_words=_words())


def _words() -> dict[str, Any]:
    return {
        "results": [[value, str(text), _TONES.get(value)] for value, text in RESULTS.items()],
        "deadlines": [[value, str(text)] for value, text in DEADLINES.items()],
        "severities": [[value, str(text)] for value, text in SEVERITIES.items()],
        "served": [[value, str(text)] for value, text in SERVED.items()],
        "names": {"item": answering.ANSWERED, "site": answering.SITE},
        "lists": ["photos", "photos_after", "evidence"],
        "numbers": ["latitude", "longitude", "accuracy_m"],
        "texts": _texts(),
    }


def _texts() -> dict[str, str]:
    n = "{n}"
    return {
        "done": _("%(done)s / %(all)s 项", done="{done}", all="{all}"),
        "passed": _("符合 %(n)s", n=n),
        "failed": _("不符合 %(n)s", n=n),
        "all_sent": _("已全部上传"),
        "fetching": _("正在把清单存到本机，请勿离开有网络的地方"),
        "all_offline": _("没有网络，填写的内容已全部上传"),
        "kept": _("没有网络，%(n)s 项、照片 %(photos)s 张已存本机，联网后自动上传", n=n, photos="{photos}"),
        "sending": _("正在上传，还有 %(n)s 项、照片 %(photos)s 张", n=n, photos="{photos}"),
        "stuck": _("有 %(n)s 项没有传上去，请看标出的项目", n=n),
        "signed_out": _("登录已过期，%(n)s 项、照片 %(photos)s 张保存在本机，", n=n, photos="{photos}"),
        "sign_in": _("登录后自动上传"),
        "gone": _("这次检查不存在，或者您无权查看"),
        "lost_photo": _("有照片在本机找不到了，请删除后重新拍照"),
        "nothing_kept": _("本机没有这次检查的清单，请联网后再打开。"),
        "comma": _("、"),
        "other": _("其他问题"),
        "another": _("登记清单以外的问题"),
        "basis": _("依据和方法"),
        "legal_basis": _("依据"),
        "method": _("方法"),
        "criteria": _("标准"),
        "result": _("结论"),
        "finding": _("问题"),
        "deadline": _("整改期限"),
        "more": _("更多：位置、整改要求、等级建议"),
        "location": _("位置"),
        "requirement": _("整改要求"),
        "severity": _("等级建议"),
        "detail": _("详细说明"),
        "measures": _("措施"),
        "photos": _("照片"),
        "photos_after": _("整改后照片"),
        "photo": _("照片 %(n)s", n=n),
        "drop_photo": _("删除照片 %(n)s", n=n),
        "take": _("拍照或选照片"),
        "drop": _("删除这个问题"),
        "site": _("现场情况和签字"),
        "scene": _("检查场所"),
        "evidence": _("现场照片"),
        "served": _("签字"),
        "signed_by": _("签字人"),
        "signed_title": _("职务"),
        "refused_reason": _("未签字的情况"),
        "remarks": _("备注"),
        "locate": _("记录位置"),
        "nowhere": _("没有记录位置"),
        "no_position": _("取不到位置，可以用现场照片代替"),
        "conflict": _("%(who)s已填写这一项：%(result)s", who="{who}", result="{result}"),
        "somebody": _("同组人员"),
        "use_mine": _("以本机填写的为准"),
        "use_theirs": _("以对方填写的为准"),
        "lacks_finding": _("没有写明问题"),
        "lacks_photo": _("没有照片"),
        "lacks_deadline": _("没有选择整改期限"),
        "lacks_measures": _("当场整改须写明措施并附整改后照片"),
        "owed_items": _("还有没有结论的检查项"),
        "owed_findings": _("有问题没有填写完整"),
        "owed_signature": _("没有现场签字"),
        "owed_evidence": _("没有发现问题的，须有现场照片或者定位"),
    }
