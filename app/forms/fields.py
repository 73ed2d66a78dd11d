"""One marshmallow field a kind. A blank answer is no answer; every message is in the office's words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import marshmallow as ma

from app import files
from app.clock import local
from app.forms import tolerance
from app.forms.builders import builders
from app.forms.conditions import text_of
from app.forms.kinds import MAX_FILES, TEXT_LENGTH
from app.forms.picking import filters_of, may_pick, picker_name
from app.forms.situation import Situation, Spec, given, options_of
from app.i18n import _, lazy_, pick

_LARGEST = 10**12


class Answer(ma.fields.Field[Any]):
    """What all kinds share. `blank_value` stands for a field that shows but was left empty; `demand` is the message
    where it must not be.
    """

    blank_value: Any = None
    demand: Any = lazy_("请填写")

    def __init__(self, spec: Spec, situation: Situation, *, required: bool) -> None:
        super().__init__(required=required, allow_none=True)
        self.spec, self.situation = spec, situation

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **options: Any) -> Any:
        if value is ma.missing or self.is_blank(value):
            if self.required:
                raise ma.ValidationError(str(self.demand))
            return self.blank()
        return super().deserialize(value, attr, data, **options)

    def is_blank(self, value: Any) -> bool:
        return value is None or (isinstance(value, str) and not tolerance.tidy(value))

    def blank(self) -> Any:
        return self.blank_value

    def said(self, raw: Any) -> Any:
        """The value if it is a good one, else None, for conditions. Nothing is looked up: they need what was said."""
        alone = type(self)(self.spec, Situation(self.situation.now, self.situation.data), required=False)
        try:
            return alone.deserialize(raw)
        except ma.ValidationError:
            return None

    def bounds(self, read: Callable[[Any], Any]) -> tuple[Any, Any]:
        """`min` and `max` as values; None where there is none, or where the process's data holds nothing usable."""
        found = []
        for name in ("min", "max"):
            limit = given(self.spec.get(name), self.spec["kind"], self.situation)
            try:
                found.append(None if limit is None else read(limit))
            except (ValueError, TypeError, ArithmeticError):
                found.append(None)
        return found[0], found[1]

    def within(self, value: Any, read: Callable[[Any], Any]) -> Any:
        """The number, if it keeps `min` and `max`."""
        low, high = self.bounds(read)
        if low is not None and value < low:
            raise ma.ValidationError(_("不得小于 %(limit)s", limit=f"{low:,}"))
        if high is not None and value > high:
            raise ma.ValidationError(_("不得大于 %(limit)s", limit=f"{high:,}"))
        return value

    def between(self, value: Any, read: Callable[[Any], Any], layout: str) -> None:
        """The same for days and instants."""
        low, high = self.bounds(read)
        if low is not None and value < low:
            raise ma.ValidationError(_("不得早于 %(limit)s", limit=low.strftime(layout)))
        if high is not None and value > high:
            raise ma.ValidationError(_("不得晚于 %(limit)s", limit=high.strftime(layout)))


class Fixed(Answer):
    """Shown, not asked: the default of the field, or what the group's default has put into the row."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **options: Any) -> Any:
        if "default" in self.spec:
            return given(self.spec["default"], self.spec["kind"], self.situation)
        return None if value is ma.missing else value


class Text(Answer):
    blank_value = ""
    lines = False

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> str:
        if not isinstance(value, str):
            raise ma.ValidationError(_("应为文字"))
        pattern = self.spec.get("pattern")
        text = tolerance.narrow(value) if pattern else tolerance.tidy(value, lines=self.lines)
        builder = builders.get(self.spec.get("builder", ""))
        text = builder.tidy(text) if builder else text
        if self.required and not text:
            raise ma.ValidationError(str(self.demand))
        longest = self.spec.get("max_length", TEXT_LENGTH[self.spec["kind"]][0])
        if len(text) > longest:
            raise ma.ValidationError(_("最多 %(n)s 个字，现为 %(count)s 个字", n=longest, count=len(text)))
        if len(text) < self.spec.get("min_length", 0):
            raise ma.ValidationError(_("不少于 %(n)s 个字", n=self.spec["min_length"]))
        if pattern and not re.fullmatch(pattern, text):
            raise ma.ValidationError(" ".join(filter(None, (_("格式不符"), pick(self.spec.get("help"))))))
        if builder and (wrong := builder.problem(text)):
            raise ma.ValidationError(wrong)
        return text


class LongText(Text):
    lines = True


class Number(Answer):
    """A whole number as int, else float; at most `decimals` places (default 6)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> int | float:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ma.ValidationError(_("应为数字"))
        try:
            number = tolerance.decimal(str(value) if not isinstance(value, float) else format(Decimal(str(value)), "f"))
        except (ValueError, ArithmeticError) as wrong:
            raise ma.ValidationError(_("应为数字")) from wrong
        if abs(number) > _LARGEST:
            raise ma.ValidationError(_("数字过大"))
        places = self.spec.get("decimals", 6)
        if number != round(number, places):
            raise ma.ValidationError(_("最多 %(n)s 位小数", n=places) if places else _("应为整数"))
        self.within(number, lambda limit: Decimal(str(limit)))
        return int(number) if number == number.to_integral_value() else float(number)


class Money(Answer):
    """Whole yuan; not negative unless `min` says so."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ma.ValidationError(_("应为整元，如 12,000，不带角分"))
        try:
            yuan = tolerance.yuan(str(value))
        except ValueError as wrong:
            raise ma.ValidationError(_("应为整元，如 12,000，不带角分")) from wrong
        if abs(yuan) > _LARGEST:
            raise ma.ValidationError(_("数字过大"))
        if yuan < 0 and self.spec.get("min") is None:
            raise ma.ValidationError(_("不得小于 %(limit)s", limit="0"))
        return int(self.within(yuan, int))


class Date(Answer):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> str:
        try:
            day = tolerance.date(value)
        except (ValueError, TypeError) as wrong:
            raise ma.ValidationError(_("日期有误，应如 2026-04-20")) from wrong
        self.between(day, _day, "%Y-%m-%d")
        return day.isoformat()


def _day(text: str) -> dt.date:
    """The day of a bound, which may be an instant of the process's data."""
    return local(tolerance.moment(text)).date() if "T" in text else dt.date.fromisoformat(text)


class Moment(Answer):
    """An instant as ISO text with the office's offset: 2026-04-09T10:30+08:00."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> str:
        try:
            at = tolerance.moment(value)
        except (ValueError, TypeError) as wrong:
            raise ma.ValidationError(_("时间有误，应如 2026-04-20 10:30")) from wrong
        at = at.replace(second=0, microsecond=0)  # as it is kept, and as `now` is said: seconds later it is still now
        self.between(at, tolerance.moment, "%Y-%m-%d %H:%M")
        return at.isoformat(timespec="minutes")


class Choice(Answer):
    """One of the options; the answer has the option's own type, whatever HTML sent."""

    demand: Any = lazy_("请选择")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> Any:
        return self.chosen(value)

    def chosen(self, value: Any) -> Any:
        if not isinstance(value, (dict, list)):
            for option in options_of(self.spec, self.situation.data):
                if option.key == text_of(value):
                    return option.value
        raise ma.ValidationError(_("不在可选范围内"))


class Checkbox(Answer):
    """Ticked or not; where it is required it must be ticked."""

    blank_value = False
    demand: Any = lazy_("请勾选")

    def is_blank(self, value: Any) -> bool:
        return super().is_blank(value) or value is False or value in ("false", "0")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> bool:
        if value is True or value in ("true", "on", "1"):
            return True
        raise ma.ValidationError(_("应为是或否"))


class Many(Answer):
    """What has a list as its answer; `min_items` and `max_items` count."""

    most = MAX_FILES
    demand: Any = lazy_("请选择")

    def is_blank(self, value: Any) -> bool:
        return super().is_blank(value) or (
            isinstance(value, list) and all(super(Many, self).is_blank(v) for v in value)
        )

    def blank(self) -> Any:
        return []

    def items(self, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ma.ValidationError(_("应为列表"))
        return [item for item in value if item not in (None, "")]

    def counted(self, items: list[Any]) -> list[Any]:
        least, most = self.spec.get("min_items", 0), min(self.spec.get("max_items", self.most), self.most)
        if len(items) < least:
            raise ma.ValidationError(_("不少于 %(n)s 项", n=least))
        if len(items) > most:
            raise ma.ValidationError(_("最多 %(n)s 项", n=most))
        return items


class Checklist(Many, Choice):
    most = 300

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> list[Any]:
        chosen: list[Any] = []
        for item in self.items(value):
            if (one := self.chosen(item)) not in chosen:
                chosen.append(one)
        return self.counted(chosen)


class Picked(Answer):
    """The id of a person, organisation or record that the acting person may see."""

    demand: Any = lazy_("请选择")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> str:
        if not isinstance(value, str) or len(value) > 64:
            raise ma.ValidationError(_("不在可选范围内"))
        here = self.situation
        if here.session is not None and not may_pick(
            here.session, here.user, picker_name(self.spec), value, filters_of(self.spec, here)
        ):
            raise ma.ValidationError(_("没有找到，或者不在可选范围内"))
        return value


class Files(Many):
    """Ids of files that the actor sent and nobody uses yet, or that belong to this instance already."""

    demand: Any = lazy_("请上传附件")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> list[str]:
        items = self.items(value)
        if not all(isinstance(item, str) and len(item) <= 64 for item in items):
            raise ma.ValidationError(_("附件不存在或者不是您上传的"))
        ids = list(dict.fromkeys(items))
        here = self.situation
        if here.session is not None:
            if not files.belongs(here.session, ids, here.actor, here.instance_id):
                raise ma.ValidationError(_("附件不存在或者不是您上传的"))
            self.look_at(files.named(here.session, ids))
        return self.counted(ids)

    def look_at(self, found: list[files.Attachment]) -> None:
        """Files of any kind will do."""


class Photos(Files):
    demand: Any = lazy_("请上传照片")

    def look_at(self, found: list[files.Attachment]) -> None:
        if not all(attachment.is_image for attachment in found):
            raise ma.ValidationError(_("这里只能上传照片"))


FIELDS: Mapping[str, type[Answer]] = {
    "text": Text,
    "textarea": LongText,
    "number": Number,
    "money": Money,
    "date": Date,
    "datetime": Moment,
    "select": Choice,
    "radio": Choice,
    "checkbox": Checkbox,
    "checklist": Checklist,
    "user": Picked,
    "organisation": Picked,
    "subject": Picked,
    "photos": Photos,
    "files": Files,
}
