"""JMESPath with a bound on the work of one expression.

An expression of a hundred characters can ask for more than a machine has: `[@,@]|[@,@]|...` doubles
with every link what it would take to write down, and `[]` and `join` write it down. While it works,
every other stream of the process stands still. So each thing that takes time is paid for in steps
before it is done, and when the steps are used up the expression gives up.
"""

from collections.abc import Sequence
from typing import Any

from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

from endpoints.http.errors import PayloadTooLarge

MAX_STEPS = 20_000
"""Of one expression on one delivery: 20 to 50 ms. A path through a thousand items takes about two
thousand."""

ITEMS_PER_STEP = 8
"""Values that are copied or written one after the other in the time of one step."""

CHARACTERS_PER_STEP = 512
"""The same for characters."""


class Interpreter(TreeInterpreter):
    """Evaluates one expression once.

    Args:
        setting: where the expression stands, for the error.

    Attributes:
        steps: how many were paid for.
        visits: how many nodes of the syntax tree were evaluated, each of them a step.
    """

    def __init__(self, setting: str) -> None:
        super().__init__()
        self._setting = setting
        self.steps = 0
        self.visits = 0

    def _pay(self, steps: int) -> None:
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise PayloadTooLarge(
                f"The expression in `{self._setting}` takes more than {MAX_STEPS:,} steps on this "
                "delivery. Select less of it."
            )

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._pay(1)
        self.visits += 1
        return super().visit(node, *args, **kwargs)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        self._pay(len(base) // ITEMS_PER_STEP)
        flat: list[Any] = []
        for element in base:
            inner = element if isinstance(element, list) else [element]
            self._pay(len(inner) // ITEMS_PER_STEP)
            flat += inner
        return flat

    def visit_slice(self, node: Any, value: Any) -> Any:
        if isinstance(value, list):
            self._pay(len(value) // ITEMS_PER_STEP)
        return super().visit_slice(node, value)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        operation = node["value"]
        if operation in _EQUALITY:
            self._pay(_size((left, right), self._room()) // ITEMS_PER_STEP)
        elif not (_is_ordered(left) and _is_ordered(right)):
            return None
        return self.COMPARATOR_FUNC[operation](left, right)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        arguments = [self.visit(child, value) for child in node["children"]]
        name = node["value"]
        if name in _GO_TO_THE_BOTTOM:
            self._pay(_size(arguments, self._room()) // ITEMS_PER_STEP)
        elif name not in _LOOK_AT_NOTHING:
            self._pay(sum(_width(argument) for argument in arguments) // ITEMS_PER_STEP)
            if name == "join" and isinstance(arguments[0], str) and isinstance(arguments[1], list):
                self._pay(len(arguments[0]) * len(arguments[1]) // CHARACTERS_PER_STEP)
        return _FUNCTIONS.call_function(name, arguments)

    def _room(self) -> int:
        """How many items can still be paid for."""
        return (MAX_STEPS - self.steps + 1) * ITEMS_PER_STEP


_FUNCTIONS = Functions()
_EQUALITY = frozenset({"eq", "ne"})

_GO_TO_THE_BOTTOM = frozenset({"to_string", "contains"})
"""Functions that write or compare all that is in their arguments."""

_LOOK_AT_NOTHING = frozenset({"abs", "ceil", "floor", "length", "not_null", "to_array", "type"})
"""Functions that take the same time for everything."""


def _is_ordered(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _characters(text: str) -> int:
    """Characters as items that take as long."""
    return len(text) * ITEMS_PER_STEP // CHARACTERS_PER_STEP


def _width(value: Any) -> int:
    """Items directly in a value, with their characters."""
    if isinstance(value, str):
        return _characters(value)
    if isinstance(value, list):
        return len(value) + sum(_characters(item) for item in value if isinstance(item, str))
    return len(value) if isinstance(value, dict) else 0


def _size(values: Sequence[Any], enough: int) -> int:
    """Items of values at every depth, with their characters; what is shared counts each time.

    Args:
        values: they are not changed.
        enough: no need to count any further.
    """
    waiting, size = list(values), 0
    while waiting and size <= enough:
        value = waiting.pop()
        size += 1
        if isinstance(value, str):
            size += _characters(value)
        elif isinstance(value, list | dict):
            size += len(value)
            if size <= enough:
                waiting += value.values() if isinstance(value, dict) else value
    return size


def is_larger(value: Any, items: int) -> bool:
    """Whether a value has more than so many items when it is written out."""
    return _size((value,), items) > items
