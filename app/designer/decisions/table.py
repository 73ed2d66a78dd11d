"""A DMN file as a table that can be changed. Ids, attributes, comments and all that is not a table stay as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from app.engine import XMLRefused, open_xml

POLICIES = ("UNIQUE", "FIRST", "COLLECT")
MOST_ROWS, MOST_COLUMNS = 200, 20
_NEW = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="{id}_definitions" name="{id}"
  namespace="urn:duban:{id}">
  <decision id="{id}" name="">
    <decisionTable id="{id}_table" hitPolicy="FIRST">
    </decisionTable>
  </decision>
</definitions>
"""


@dataclass
class Column:
    """`id` is empty where the column is new. `text` is the expression of an input, the variable of an output."""

    id: str = ""
    label: str = ""
    text: str = ""
    type: str = ""
    values: str = ""  # of an input: what values there are


@dataclass
class Row:
    id: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    note: str = ""


@dataclass
class Table:
    name: str
    policy: str
    inputs: list[Column] = field(default_factory=list)
    outputs: list[Column] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


class NotATable(ValueError):
    """The file is not one decision with one table: it can only be changed as text."""


def read(content: bytes) -> Table:
    """Raises NotATable."""
    _root, decision, table, space = _opened(content)
    found = Table(decision.get("name", ""), table.get("hitPolicy", "UNIQUE").upper())
    for element in table.findall(f"{space}input"):
        expression = element.find(f"{space}inputExpression")
        found.inputs.append(
            Column(
                element.get("id", ""),
                element.get("label", ""),
                _text(element.find(f"{space}inputExpression/{space}text")),
                "" if expression is None else expression.get("typeRef", ""),
                _text(element.find(f"{space}inputValues/{space}text")),
            )
        )
    for element in table.findall(f"{space}output"):
        found.outputs.append(
            Column(element.get("id", ""), element.get("label", ""), element.get("name", ""), element.get("typeRef", ""))
        )
    for rule in table.findall(f"{space}rule"):
        cells = [
            [_text(entry.find(f"{space}text")) for entry in rule.findall(f"{space}{kind}")]
            for kind in ("inputEntry", "outputEntry")
        ]
        for listed, columns in zip(cells, (found.inputs, found.outputs), strict=True):
            del listed[len(columns) :]
            listed.extend([""] * (len(columns) - len(listed)))
        found.rows.append(Row(rule.get("id", ""), cells[0], cells[1], _text(rule.find(f"{space}description"))))
    return found


def is_table(content: bytes) -> bool:
    """Whether it can be read and written."""
    try:
        return _opened(content) is not None
    except NotATable:
        return False


def new(identity: str) -> bytes:
    """A table with nothing in it yet."""
    return _NEW.format(id=identity).encode()


def write(content: bytes, table: Table) -> bytes:
    """The file with this table: what is known by its id keeps everything else that it has. Raises NotATable."""
    root, decision, element, space = _opened(content)
    before = etree.tostring(root)
    ids = {str(one.get("id")) for one in root.iter() if one.get("id")}
    decision.set("name", table.name)
    element.set("hitPolicy", table.policy)
    old_inputs = [column.get("id", "") for column in element.findall(f"{space}input")]
    old_outputs = [column.get("id", "") for column in element.findall(f"{space}output")]
    written = _Writing(element, space, ids)
    inputs = [written.input(column) for column in table.inputs]
    outputs = [written.output(column) for column in table.outputs]
    rules = [written.rule(row, table, old_inputs, old_outputs) for row in table.rows]
    for kind, order in (("input", inputs), ("output", outputs), ("rule", rules)):
        written.replace(kind, order)
    if etree.tostring(root) == before:
        return content
    etree.indent(root, "  ")
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8") + b"\n"


class _Writing:
    def __init__(self, table: etree._Element, space: str, ids: set[str]) -> None:
        self.table, self.space, self.ids = table, space, ids

    def fresh(self, word: str) -> str:
        number = 1
        while f"{word}_{number}" in self.ids:
            number += 1
        self.ids.add(f"{word}_{number}")
        return f"{word}_{number}"

    def known(self, kind: str, identity: str) -> etree._Element:
        """The element with this id, or a new one."""
        for element in self.table.findall(f"{self.space}{kind}"):
            if identity and element.get("id") == identity:
                return element
        made = etree.SubElement(self.table, f"{self.space}{kind}")
        made.set("id", self.fresh(kind))
        return made

    def input(self, column: Column) -> etree._Element:
        element = self.known("input", column.id)
        _set(element, "label", column.label)
        expression = element.find(f"{self.space}inputExpression")
        if expression is None:
            expression = etree.Element(f"{self.space}inputExpression", id=self.fresh("input_expression"))
            element.insert(0, expression)
        _set(expression, "typeRef", column.type)
        self.text(expression, column.text)
        values = element.find(f"{self.space}inputValues")
        if column.values and values is None:
            values = etree.Element(f"{self.space}inputValues", id=self.fresh("input_values"))
            expression.addnext(values)
        if values is not None and column.values:
            self.text(values, column.values)
        elif values is not None:
            element.remove(values)
        return element

    def output(self, column: Column) -> etree._Element:
        element = self.known("output", column.id)
        for name, value in (("label", column.label), ("name", column.text), ("typeRef", column.type)):
            _set(element, name, value)
        return element

    def rule(self, row: Row, table: Table, old_inputs: list[str], old_outputs: list[str]) -> etree._Element:
        rule = self.known("rule", row.id)
        description = rule.find(f"{self.space}description")
        if row.note and description is None:
            description = etree.Element(f"{self.space}description")
            rule.insert(0, description)
        if description is not None and row.note != _text(description):
            description.text = row.note
        if description is not None and not row.note:
            rule.remove(description)
        for kind, columns, old, cells in (
            ("inputEntry", table.inputs, old_inputs, row.inputs),
            ("outputEntry", table.outputs, old_outputs, row.outputs),
        ):
            self.cells(rule, kind, columns, old, cells)
        return rule

    def cells(self, rule: etree._Element, kind: str, columns: list[Column], old: list[str], cells: list[str]) -> None:
        """The entries of one row in the order of the columns; an entry follows its column by that one's id."""
        entries = rule.findall(f"{self.space}{kind}")
        of = dict(zip(old, entries, strict=False))
        wanted = []
        for column, text in zip(columns, cells, strict=True):
            entry = of.get(column.id) if column.id else None
            if entry is None:
                entry = etree.Element(f"{self.space}{kind}", id=self.fresh(f"{rule.get('id')}_{kind[:-5]}"))
            self.text(entry, text)
            wanted.append(entry)
        if entries == wanted:
            return
        for entry in entries:
            rule.remove(entry)
        after = [child for child in rule if _local(child) == "inputEntry"] if kind == "outputEntry" else []
        place = rule.index(after[-1]) + 1 if after else 1 if rule.find(f"{self.space}description") is not None else 0
        for number, entry in enumerate(wanted):
            rule.insert(place + number, entry)

    def text(self, holder: etree._Element, value: str) -> None:
        element = holder.find(f"{self.space}text")
        if element is None:
            element = etree.SubElement(holder, f"{self.space}text")
        if _text(element) != value:
            element.text = value

    def replace(self, kind: str, order: list[etree._Element]) -> None:
        """The elements of a kind in this order and no others. Columns come before rows."""
        present = self.table.findall(f"{self.space}{kind}")
        if present == order:
            return
        before = {"input": (), "output": ("input",), "rule": ("input", "output")}[kind]
        for element in present:
            self.table.remove(element)
        places = [n + 1 for n, child in enumerate(self.table) if _local(child) in before]
        for number, element in enumerate(order):
            self.table.insert((places[-1] if places else 0) + number, element)


def _set(element: etree._Element, name: str, value: str) -> None:
    if value:
        element.set(name, value)
    elif element.get(name) is not None:
        del element.attrib[name]


def _local(element: etree._Element) -> str:
    """The name without its namespace; nothing for comments."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _text(element: etree._Element | None) -> str:
    return "" if element is None else re.sub(r"\s+", " ", element.text or "").strip()


def _opened(content: bytes) -> tuple[etree._Element, etree._Element, etree._Element, str]:
    try:
        open_xml(content)  # what is safe is read again with its comments
    except XMLRefused as refused:
        raise NotATable(str(refused)) from refused
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(content, parser)
    space = f"{{{etree.QName(root).namespace}}}"
    decisions = root.findall(f"{space}decision")
    tables = [] if len(decisions) != 1 else decisions[0].findall(f"{space}decisionTable")
    if len(tables) != 1:
        raise NotATable("not one decision with one table")
    return root, decisions[0], tables[0], space
