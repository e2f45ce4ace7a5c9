"""
What the program says when something is wrong, read from its source: each message with `…` for what varies.
"""

from __future__ import annotations

import ast
import re

from tests.program import CHECKOUT

PACKAGE = CHECKOUT / "target_oracle"
VARIES = "…"

# What is raised or made into a reject, and the lists whose texts end up in one of them.
CLASSES = """
ConfigError LoadError ProtocolError OutputClosed TooManyRejects Interrupted InternalError
DatabaseError OperationalError _unreachable
Unfit Untranslatable SchemaFault RowFault of TooLong Reject ValueError
""".split()
LISTS = ("faults", "problems")
# Functions that give such texts, and constants that hold them.
FUNCTIONS = """
_values_together _refusal _internal sql_type_fault option_faults
_as_it_is _doubled _vain_key said fault diagnose explain
""".split()
CONSTANTS = "_MISSING _APART CERTIFICATES UNTRUSTED".split()
VARIABLES = ("why", "lacks")
# Texts that only the program's own mistakes could bring forth, or that become a notice of another wording.
APART = {"sql.py", "constraints.py"}
WORDS = 2


def messages():
    """
    Every message, in order of the alphabet; one with fewer than two fixed words is a part of another.
    """
    return sorted(text for text in everything() if len(re.findall(r"[\w$]+", text)) >= WORDS)


def everything():
    """
    Every message, and the parts of which some are made; no code of Oracle's by itself.
    """
    found = {text for path in PACKAGE.rglob("*.py") if path.name not in APART for text in _in(path)}
    return {text for text in found if not re.fullmatch(r"ORA-\d+", text)}


def _in(path):
    for node in ast.walk(ast.parse(path.read_text())):
        for text in _given(node):
            yield plain(text)


def _given(node):
    """
    The texts that *node* itself says.
    """
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in (*CLASSES, "fault"):
            yield from _all([*node.args, *(keyword.value for keyword in node.keywords)])
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=name), attr="append" | "extend")):
            yield from _all(node.args) if name in LISTS else ()
        case ast.Call(func=ast.Attribute(value=ast.Name(id="logger"), attr="warning")):
            yield from (re.sub(r"%[a-z.0-9]+", VARIES, text) for text in _texts(node.args[0]))
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in VARIABLES:
            yield from _texts(value)
        case ast.FunctionDef(name=name) if name in FUNCTIONS:
            for inner in ast.walk(node):
                if isinstance(inner, (ast.Return, ast.Yield)) and inner.value is not None:
                    yield from _texts(inner.value)
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if name in CONSTANTS:
            yield from _texts(value)


def _all(nodes):
    return [text for node in nodes for text in _texts(node)]


def _texts(node):
    """
    The texts that the expression *node* can be, or holds.
    """
    found = []
    match node:
        case ast.Constant(value=str(text)):
            found = [text]
        case ast.JoinedStr(values=parts):
            found = ["".join(part.value if isinstance(part, ast.Constant) else VARIES for part in parts)]
        case ast.IfExp(body=one, orelse=other):
            found = _all([one, other])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            ends = _texts(right) or [VARIES]
            found = [start + end for start in _texts(left) or [VARIES] for end in ends]
        case ast.GeneratorExp(elt=each):
            found = _texts(each)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
            found = _all(parts)
        case ast.Call(func=ast.Name(id="tuple"), args=parts):
            found = _all(parts)
    return found


def plain(text):
    """
    Return *text* as the page shows it: one sign for what varies, none at the ends.
    """
    return re.sub(rf"{VARIES}([ .]?{VARIES})*", VARIES, text).strip(f"{VARIES} :;,.")
