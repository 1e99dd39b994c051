"""JMESPath expressions of the settings: compiled once, refused by name, run within bounds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.parser import Parser

from endpoints.http.errors import InvalidSettings
from endpoints.senders.interpreter import Interpreter

MAX_EXPRESSION_CHARACTERS = 4096
"""A page of it. Parsing takes a microsecond a character, once."""

MAX_EXPRESSION_DEPTH = 64
"""Of operators within one another; each takes a few frames of the interpreter's stack."""

CACHED_EXPRESSIONS = 512
"""Compiled ones that are kept, of all endpoints: a few hundred kilobytes."""

type Node = Mapping[str, Any]


class NoResult(Exception):
    """An expression does not fit a delivery: a function got a value that it does not take."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    Attributes:
        setting: where it stands, for errors.
        tree: its syntax tree.
    """

    setting: str
    tree: Node = field(repr=False)

    def search(self, document: Any) -> Any:
        """What it gives for a mapping document.

        Raises:
            PayloadTooLarge: it would take too many steps.
            NoResult: it does not fit this delivery.
        """
        try:
            return Interpreter(self.setting).visit(self.tree, document)
        except (JMESPathError, ArithmeticError, TypeError, ValueError, RecursionError):
            # JMESPath's functions raise these for values they don't take, `ceil` of infinity say
            raise NoResult from None


def compile_expression(setting: str, text: str) -> Expression:
    """Compile an expression.

    Args:
        setting: where it stands.
        text: the expression.

    Raises:
        InvalidSettings: it is none, or too long or deep.
    """
    outcome = _compile(text)
    if isinstance(outcome, str):
        raise InvalidSettings(setting, outcome)
    return Expression(setting, outcome)


@lru_cache(maxsize=CACHED_EXPRESSIONS)
def _compile(text: str) -> Node | str:
    """The syntax tree, or what is wrong."""
    if len(text) > MAX_EXPRESSION_CHARACTERS:
        return f"has an expression of more than {MAX_EXPRESSION_CHARACTERS} characters"
    try:
        tree: Node = Parser().parse(text).parsed
    except (JMESPathError, ValueError, RecursionError):
        return "has an expression that is not valid JMESPath"
    for node, depth in _nodes(tree):
        if depth > MAX_EXPRESSION_DEPTH:
            return f"has an expression that is nested more than {MAX_EXPRESSION_DEPTH} deep"
        if node["type"] == "function_expression" and (problem := _call_problem(node)):
            return problem
    return tree


def _nodes(tree: Node) -> Iterator[tuple[Node, int]]:
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        # the bounds of a slice are children too, but no nodes
        waiting += [(child, depth + 1) for child in node["children"] if isinstance(child, dict)]


def _call_problem(node: Node) -> str:
    """What is wrong with a call, whatever it is called with; JMESPath itself looks too late."""
    function = Functions.FUNCTION_TABLE.get(node["value"])
    if function is None:
        return "calls a function that JMESPath does not have"
    wanted, given = len(function["signature"]), len(node["children"])
    is_variadic = bool(wanted) and function["signature"][-1].get("variadic")
    if given < wanted or (given > wanted and not is_variadic):
        return "calls a function with the wrong number of arguments"
    return ""
