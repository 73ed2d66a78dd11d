"""`python -m tests.architecture.missing_strings [package …]`: messages without English, as entries to fill in."""

from __future__ import annotations

import sys
from collections import defaultdict

from app.i18n import catalogue
from tests.architecture.sources import Message, messages


def missing() -> dict[str, dict[str, list[Message]]]:
    """Package → message → places, for every message that the English catalogue does not have."""
    english = catalogue()
    found: dict[str, dict[str, list[Message]]] = defaultdict(lambda: defaultdict(list))
    for message in messages():
        if message.text and message.text not in english:
            found[message.package][message.text].append(message)
    return found


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def skeleton(of_package: dict[str, list[Message]]) -> str:
    """What is missing in one package, in the form of its .po file."""
    entries = []
    for text, places in of_package.items():
        where = " ".join(f"{place.path}:{place.line}" for place in places[:3])
        flag = "#, python-format\n" if "%(" in text else ""
        entries.append(f'#: {where}\n{flag}msgid {quoted(text)}\nmsgstr ""\n')
    return "\n".join(entries)


def main(wanted: list[str]) -> int:
    found = missing()
    for package in sorted(found):
        if not wanted or package in wanted:
            print(f"# ---- app/translations/en/{package}.po: {len(found[package])} ----\n")
            print(skeleton(found[package]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
