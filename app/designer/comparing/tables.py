"""Decision tables as things with aspects: columns, rows and their cells."""

from __future__ import annotations

from lxml import etree

from app.designer.comparing import xml
from app.designer.comparing.diagrams import unreadable
from app.designer.comparing.things import ORDER, Contents, Thing
from app.engine import XMLRefused, open_xml


def read(contents: Contents, file: str, content: bytes) -> None:
    """A DMN file. Rows and columns are known by their ids; a cell by the row and the column."""
    try:
        root = open_xml(content)
    except XMLRefused:
        unreadable(contents, file, "decisions", content)
        return
    space = f"{{{etree.QName(root).namespace}}}"
    decision = root.find(f"{space}decision")
    name = "" if decision is None else decision.get("name", "")
    thing = contents.add(Thing("decisions", file, "", "decision", name or file, name or file))
    xml.attributes(contents, thing, root, "definitions")
    xml.stray(contents, thing, root)
    for child in root:
        if "DMNDI" in str(child.tag):
            xml.drawing(child, contents.layout.setdefault(file, {}))
        elif child is decision:
            _decision(contents, thing, child, space)
        else:
            xml.whole(contents, thing, child, xml.named(str(child.tag)))


def _decision(contents: Contents, thing: Thing, decision: etree._Element, space: str) -> None:
    xml.attributes(contents, thing, decision)
    tables = decision.findall(f"{space}decisionTable")
    for child in decision:
        if len(tables) == 1 and child is tables[0]:
            _table(contents, thing, child, space)
        else:
            xml.whole(contents, thing, child, xml.named(str(child.tag)))


def _table(contents: Contents, thing: Thing, table: etree._Element, space: str) -> None:
    xml.attributes(contents, thing, table, "table")
    columns: dict[str, list[str]] = {"input": [], "output": []}
    rules: list[str] = []
    for child in table:
        kind = xml.local(child)
        if kind in columns and str(child.tag).startswith(space):
            columns[kind].append(_column(contents, thing, child, kind, space))
        elif kind == "rule" and str(child.tag).startswith(space):
            rules.append(_rule(contents, thing, child, columns, space, len(rules) + 1))
        else:
            xml.whole(contents, thing, child, xml.named(str(child.tag)))
    for name, ids in (("rules", rules), *columns.items()):
        contents.tell(thing, f"{ORDER}.{name}", "\n".join(ids))


def _column(contents: Contents, table: Thing, column: etree._Element, kind: str, space: str) -> str:
    expression = column.findtext(f"{space}inputExpression/{space}text") or ""
    name = column.get("label") or column.get("name") or expression.strip()
    thing = contents.add(Thing("decisions", table.file, column.get("id", ""), kind, name, name, table.id))
    contents.tell(thing, "kind", kind)
    xml.attributes(contents, thing, column, known="id")
    for child in column:
        xml.whole(contents, thing, child, xml.named(str(child.tag)))
    return thing.id


def _rule(
    contents: Contents, table: Thing, rule: etree._Element, columns: dict[str, list[str]], space: str, place: int
) -> str:
    described = (rule.findtext(f"{space}description") or "").strip()
    thing = contents.add(Thing("decisions", table.file, rule.get("id", ""), "rule", described, described, str(place)))
    contents.tell(thing, "kind", "rule")
    xml.attributes(contents, thing, rule, known="id")
    places = {"inputEntry": iter(columns["input"]), "outputEntry": iter(columns["output"])}
    for child in rule:
        kind = xml.local(child)
        column = next(places[kind], None) if kind in places else None
        if column is None:
            xml.whole(contents, thing, child, xml.named(str(child.tag)))
            continue
        text = child.find(f"{space}text")
        contents.tell(thing, f"cell.{column}", "" if text is None else (text.text or "").strip())
        xml.attributes(contents, thing, child, f"entry.{column}")
        if text is not None:
            xml.attributes(contents, thing, text, f"entry.{column}/text")
        for inner in child:
            if inner is not text:
                xml.whole(contents, thing, inner, f"entry.{column}/{xml.named(str(inner.tag))}")
    return thing.id
