"""Two languages. The Chinese text is the message id; the English catalogue is made of one .po file a package."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog
from babel.support import LazyProxy, Translations

CHINESE, ENGLISH = "zh_Hans_CN", "en"
LOCALES = (CHINESE, ENGLISH)
_TRANSLATIONS = Path(__file__).parent / "translations"
_locale: ContextVar[str] = ContextVar("locale", default=CHINESE)


def set_locale(locale: str) -> None:
    """Choose the language of this request or job; an unknown one means Chinese."""
    _locale.set(locale if locale in LOCALES else CHINESE)


def get_locale() -> str:
    return _locale.get()


def catalogue() -> Catalog:
    """All English .po files as one catalogue. The same message may stand in two files, but not with two texts."""
    merged = Catalog(locale=ENGLISH)
    for path in sorted((_TRANSLATIONS / ENGLISH).glob("*.po")):
        with path.open("rb") as file:
            for message in pofile.read_po(file, locale=ENGLISH):
                if message.id and message.string:
                    merged[message.id] = message
    return merged


@functools.cache
def _english() -> Translations:
    import io

    buffer = io.BytesIO()
    mofile.write_mo(buffer, catalogue())
    buffer.seek(0)
    return Translations(buffer)


class _Numbered(dict[str, Any]):
    """Values of a message; `n|task|tasks` is the first word where `n` is one, else the second."""

    def __missing__(self, key: str) -> str:
        name, *forms = key.split("|")
        if len(forms) != 2:
            raise KeyError(key)
        return forms[str(self[name]) != "1"]


def filled(text: str, values: Mapping[str, Any]) -> str:
    """A text with %(name)s filled in.

    Chinese has one form whatever the number, so the message has one text; English says `%(n)s %(n|task|tasks)s`.
    """
    return text % _Numbered(values)


def gettext(message: str, **values: Any) -> str:
    """The message in the present language, with %(name)s filled in (see filled)."""
    if get_locale() != ENGLISH:
        return message % values if values else message
    text = _english().gettext(message)
    return filled(text, values) if values else text


def lazy_(message: str, **values: Any) -> Any:
    """A message translated when it is shown, for texts made at import time."""
    return LazyProxy(gettext, message, enable_cache=False, **values)


def bilingual(zh: str | None, en: str | None) -> str:
    """The text that data carries in both languages, in the present one; Chinese where English is missing."""
    if get_locale() == ENGLISH and en:
        return en
    return zh or en or ""


def pick(texts: Any) -> str:
    """The same for {"zh": …, "en": …}, as process and form files hold it; a plain text is itself."""
    if isinstance(texts, dict):
        return bilingual(texts.get("zh"), texts.get("en"))
    return "" if texts is None else str(texts)


_ = gettext
