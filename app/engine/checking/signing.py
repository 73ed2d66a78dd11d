"""A step that several people sign: its words fit together, and its form asks for the vote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.checking.desk import Desk, quoted
from app.engine.checking.variables import lint
from app.engine.packages.diagram import Node
from app.engine.packages.words import SIGNING, Words, verbs, words_of

_WORDS = ("signers", "ratio", "vote", "agree")
_MUST_VOTE = ("ratio", "veto")
_EXAMPLES = ("例如：2/3、60%、2", "For instance: 2/3, 60%, 2")


def check(desk: Desk) -> None:
    for node in desk.diagram.nodes.values():
        if node.is_human:
            words = words_of(node.properties)
            (_signing if words.signs else _plain)(desk, node, words)


def _plain(desk: Desk, node: Node, words: Words) -> None:
    """One person does the step: words about signers would be without effect."""
    for name in _WORDS:
        if name in node.properties:
            _without_policy(desk, node, f"属性 {name}", f"The property {name}")
    if "sign" in verbs(node.properties.get("allow")):
        _without_policy(desk, node, "操作 sign", "The verb sign")


def _without_policy(desk: Desk, node: Node, zh: str, en: str) -> None:
    policies = ", ".join(sorted(SIGNING))
    desk.add(
        "signing_word",
        f"{zh} 只用于多人签署的步骤，这一步由一人办理",
        f"{en} belongs to a step that several people sign; one person does this step",
        at=node,
        fix=(f"写上属性 policy：{policies}", f"Give it a policy: {policies}"),
    )


def _signing(desk: Desk, node: Node, words: Words) -> None:
    if words.signers:
        lint(desk, words.signers, "属性 signers", "the property signers", at=node)
    if words.assignee:
        desk.add(
            "signing_assignee",
            "多人签署的步骤不能用属性 assignee 指定一人",
            "A step that several people sign has no assignee",
            at=node,
            fix=("改用属性 signers", "Use the property signers"),
        )
    if "withdraw" in words.allow:
        desk.add(
            "signing_withdraw",
            "多人签署的步骤不能撤回：其他人是看过已有意见后签署的",
            "A signature is not withdrawn: the others have signed having seen it",
            at=node,
            fix=("从属性 allow 中去掉 withdraw", "Take withdraw out of the property allow"),
        )
    _ratio(desk, node, words)
    _vote(desk, node, words)


def _ratio(desk: Desk, node: Node, words: Words) -> None:
    given = node.properties.get("ratio")
    if words.policy != "ratio":
        if given is not None:
            desk.add(
                "signing_word",
                f"属性 ratio 只用于 policy 为 ratio 的步骤，这里是 {words.policy}",
                f"The property ratio belongs to the policy ratio; here it is {words.policy}",
                at=node,
                fix=("改为 policy = ratio，或删去 ratio", "Make the policy ratio, or take ratio away"),
            )
    elif given is None:
        desk.add(
            "ratio", "票签没有写明通过的票数（属性 ratio）", "The policy ratio needs a ratio", at=node, fix=_EXAMPLES
        )
    elif words.ratio is None:
        desk.add(
            "ratio",
            f"票签的票数“{given[:80]}”不对：应为不超过 1 的分数、不超过 100% 的百分比，或 1 以上的人数",
            f"The ratio {given[:80]!r} is wrong: a fraction or a percentage above nothing and at most all, or a number",
            at=node,
            fix=_EXAMPLES,
        )


def _vote(desk: Desk, node: Node, words: Words) -> None:
    """The vote is the answer to one field of the form; where every answer is consent it may be left out."""
    asked = words.policy in _MUST_VOTE or "vote" in node.properties or "agree" in node.properties
    if words.form is None:
        if asked:
            _no_vote(desk, node, words, ("这一步没有表单", "The step has no form"))
        return
    if words.form not in desk.forms:
        return  # the forms' own check says so
    field = _field(desk.forms[words.form], words.vote)
    if field is None:
        if asked:
            where = (
                f"表单 {words.form} 没有名为 {words.vote} 的栏目",
                f"The form {words.form} has no field {words.vote}",
            )
            _no_vote(desk, node, words, where)
        return
    file = f"forms/{words.form}.json"
    if field.get("kind") not in ("radio", "select") or not isinstance(field.get("options"), list):
        desk.add(
            "vote_field",
            f"表决栏目 {words.vote} 应为带选项的单选（radio 或 select）",
            f"The field {words.vote} holds the vote and must be a radio or select with options",
            file=file,
            element_id=words.vote,
        )
        return
    if field.get("required") is not True or "visible_if" in field:
        desk.add(
            "vote_field",
            f"表决栏目 {words.vote} 应为必填，且始终显示",
            f"The field {words.vote} holds the vote: it must be required and always shown",
            file=file,
            element_id=words.vote,
            fix=('"required": true，去掉 visible_if', '"required": true, and no visible_if'),
        )
    _agreeing(desk, node, words, {str(option.get("value")) for option in field["options"] if isinstance(option, dict)})


def _agreeing(desk: Desk, node: Node, words: Words, options: set[str]) -> None:
    for value in sorted(words.agree - options):
        desk.add(
            "agree_unknown",
            f"表示同意的值“{value}”不在表决栏目 {words.vote} 的选项中",
            f"{value!r} counts as consent, but the field {words.vote} has no such option",
            at=node,
            fix=(f"属性 agree 可用：{quoted(options)}", f"The property agree may be: {quoted(options)}"),
        )
    if options and options <= words.agree:
        desk.warn(
            "agree_always",
            f"表决栏目 {words.vote} 的每个选项都表示同意，没有人能不同意",
            f"Every option of the field {words.vote} counts as consent: nobody can disagree",
            at=node,
        )


def _no_vote(desk: Desk, node: Node, words: Words, why: tuple[str, str]) -> None:
    desk.add(
        "vote_missing",
        f"不知道如何表决：{why[0]}",
        f"There is nothing to vote with: {why[1]}",
        at=node,
        fix=(
            f"在表单中写一个名为 {words.vote} 的单选栏目，或用属性 vote 指定",
            f"Give the form a radio field called {words.vote}, or name one by the property vote",
        ),
    )


def _field(form: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    fields = form.get("fields")
    found = (field for field in (fields if isinstance(fields, list) else []) if isinstance(field, dict))
    return next((field for field in found if field.get("name") == name), None)
