"""The house rules, as functions from a module to complaints. ``tests/test_tidy.py`` applies them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

FILE_LINES_MAX: Final = 400
"""What one can hold in mind. Typical is 50 to 250."""
TEST_FILE_LINES_MAX: Final = 600
"""Tests are read one by one, so a file of them may be longer."""
FUNCTION_LINES_MAX: Final = 60
"""One screen, docstring not counted: beyond it, a function is doing two things."""
CONSTRUCTOR_PARAMETERS_MAX: Final = 8
"""Beyond it, some of them belong together and have a name."""
METHODS_MAX: Final = 25
"""Beyond it, a class is a place to put things rather than a thing. Properties and ``__special__`` ones not counted."""

ENGINE: Final = "telnyx_actors/"
OUTSIDE: Final = ("telnyx_actors/standins/", "telnyx_actors/demo")
"""Not the engine: the world around it, and what shows the two together."""


@dataclass(frozen=True)
class Module:
    """A Python file. ``path`` is relative to the root, with forward slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def is_engine(self) -> bool:
        return self.path.startswith(ENGINE) and not self.path.startswith(OUTSIDE)

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/")

    @property
    def layer(self) -> str:
        """``core`` for telnyx_actors/core/turn.py, ``clock`` for telnyx_actors/clock.py."""
        return self.path.removeprefix(ENGINE).split("/")[0].removesuffix(".py")

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


Complaints = Iterator[str]


@dataclass(frozen=True)
class Rule:
    """``breach`` is a module that breaks it: a rule that cannot find that one finds nothing."""

    check: Callable[[Module], Complaints]
    breach: Module

    @property
    def name(self) -> str:
        return self.check.__name__


RULES: list[Rule] = []


def rule(path: str, breach: str) -> Callable[[Callable[[Module], Complaints]], Callable[[Module], Complaints]]:
    def register(check: Callable[[Module], Complaints]) -> Callable[[Module], Complaints]:
        RULES.append(Rule(check, Module(path, breach)))
        return check

    return register


# --- imports go one way ---------------------------------------------------------

_BASE: Final = frozenset({"errors", "clock", "config", "logs", "log_output", "core_version", "heap", "__init__"})
_ENGINE: Final = _BASE | {"core", "wire", "providers", "actors", "owner", "personas", "lazy", "vendors", "warm_up"}
_LAYERS: Final = {
    "__init__": frozenset[str](),
    "errors": frozenset[str](),
    "clock": frozenset[str](),
    "config": frozenset({"errors"}),
    "log_output": frozenset({"errors"}),
    "logs": frozenset({"errors", "config", "log_output"}),
    "core": frozenset({"errors"}),
    "core_version": frozenset[str](),
    "heap": frozenset({"clock"}),
    "wire": frozenset({"errors", "core"}),
    "providers": _BASE | {"core", "wire"},
    "actors": _BASE | {"core", "wire", "providers"},
    "front": _BASE | {"core", "wire", "providers", "actors"},
    "console": _BASE | {"core", "wire", "providers", "actors"},
    "owner": frozenset({"errors"}),
    "personas": frozenset({"errors", "core"}),
    "lazy": _BASE | {"providers"},
    "warm_up": frozenset[str](),
    "vendors": _BASE | {"core", "wire", "providers", "actors", "lazy"},
    "preflight": _BASE | {"core", "wire", "providers", "personas", "lazy", "vendors"},
    "reload": _BASE | {"actors"},
    "replay": _BASE | {"core", "wire", "actors", "console"},
    "app": _ENGINE | {"front", "console"},
    "main": _ENGINE | {"front", "console", "app", "preflight", "reload", "replay"},
    "standins": frozenset[str](),
    "demo": _ENGINE | {"front", "console", "app", "standins"},
}
"""What each layer may import besides itself. The stand-ins are the world outside: they know nothing of the engine."""

_VENDORS_ARE_CHOSEN_BY: Final = ("vendors", "preflight", "app", "demo", "providers")
"""Everybody else knows the outside world by its protocols, ``providers.ports``."""


def _imports(module: Module) -> Iterator[str]:
    """Dotted names of our own that a module imports: ``providers.ports`` for ``telnyx_actors.providers.ports``."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from telnyx_actors.providers import ports` names a module too.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("telnyx_actors.") for name in names if name.startswith("telnyx_actors."))


@rule("telnyx_actors/core/turn.py", "from telnyx_actors.wire.deepgram import parse")
def imports_go_one_way(module: Module) -> Complaints:
    if not module.path.startswith(ENGINE):
        return
    allowed = _LAYERS.get(module.layer)
    if allowed is None:
        yield f"{module.path}: a layer that tests/support/tidy.py does not know"
        return
    for name in _imports(module):
        layer = name.split(".")[0]
        if layer in _LAYERS and layer != module.layer and layer not in allowed:
            yield f"{module.path}: {module.layer} must not import {name}"


@rule("telnyx_actors/actors/responder.py", "from telnyx_actors.providers import claude")
def vendors_are_known_by_their_ports(module: Module) -> Complaints:
    if not module.path.startswith(ENGINE) or module.layer in _VENDORS_ARE_CHOSEN_BY:
        return
    for name in _imports(module):
        if name.startswith("providers.") and name.split(".")[1] != "ports":
            yield f"{module.path}: {name} instead of providers.ports"


# --- time -------------------------------------------------------------------------

_CLOCKS: Final = re.compile(
    r"^(time\.(time|monotonic|perf_counter)(_ns)?|(datetime\.)?(datetime|date)\.(now|utcnow|today))$"
)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


@rule("telnyx_actors/actors/call.py", "import time\nnow = time.monotonic()")
def clocks_are_read_in_one_place(module: Module) -> Complaints:
    if not module.is_engine or module.path == f"{ENGINE}clock.py":
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and _CLOCKS.match(_dotted(node)):
            yield f"{module.path}:{node.lineno}: {_dotted(node)} outside clock.py"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield f"{module.path}:{node.lineno}: from time import …, which hides where clocks are read"


@rule("tests/unit/test_x.py", "import time\ntime.sleep(0.1)")
def nobody_sleeps(module: Module) -> Complaints:
    if not module.is_engine and not module.path.startswith(("tests/unit/", "tests/property/", "tests/actors/")):
        return
    for call in module.calls():
        if _dotted(call.func) in ("time.sleep", "asyncio.sleep", "sleep"):
            yield f"{module.path}:{call.lineno}: a sleep; wait for an event, with a limit"


@rule("telnyx_actors/console/views.py", "state = ref.ask(message)")
def whoever_asks_gives_a_limit(module: Module) -> Complaints:
    for call in module.calls():
        is_ask = isinstance(call.func, ast.Attribute) and call.func.attr == "ask"
        if is_ask and not any(keyword.arg in ("timeout", "block") for keyword in call.keywords):
            yield f"{module.path}:{call.lineno}: ask without timeout= (or block=False) can wait for ever"


# --- size ---------------------------------------------------------------------------


@rule("telnyx_actors/app.py", "x = 1\n" * (FILE_LINES_MAX + 1))
def files_are_short(module: Module) -> Complaints:
    limit = TEST_FILE_LINES_MAX if module.is_test else FILE_LINES_MAX
    if len(module.lines) > limit:
        yield f"{module.path}: {len(module.lines)} lines, more than {limit}"


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    has_docstring = ast.get_docstring(function, clean=False) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


@rule("telnyx_actors/app.py", "def f():\n" + "    x = 1\n" * (FUNCTION_LINES_MAX + 1))
def functions_are_short(module: Module) -> Complaints:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node) > FUNCTION_LINES_MAX:
            yield f"{module.path}:{node.lineno}: {node.name} has {_length(node)} lines, more than {FUNCTION_LINES_MAX}"


@rule("telnyx_actors/app.py", "class A:\n  def __init__(self, a, b, c, d, e, f, g, *, h, i): ...")
def constructors_take_little(module: Module) -> Complaints:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            count = len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs) - 1
            if count > CONSTRUCTOR_PARAMETERS_MAX:
                yield f"{module.path}:{node.lineno}: {count} parameters, more than {CONSTRUCTOR_PARAMETERS_MAX}"


@rule("telnyx_actors/app.py", "class A:\n" + "".join(f"  def m{i}(self): ...\n" for i in range(METHODS_MAX + 1)))
def classes_do_little(module: Module) -> Complaints:
    if not module.is_engine:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            count = sum(map(_is_method, node.body))
            if count > METHODS_MAX:
                yield f"{module.path}:{node.lineno}: {node.name} has {count} methods, more than {METHODS_MAX}"


def _is_method(node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("__"):
        return False
    return "property" not in [_dotted(decorator) for decorator in node.decorator_list]


# --- text ---------------------------------------------------------------------------


@rule("telnyx_actors/app.py", "x = 1\n")
def modules_say_what_they_are(module: Module) -> Complaints:
    if module.path.split("/")[-1].startswith("test_"):
        return  # the names of the tests do
    if module.text.strip() and ast.get_docstring(module.tree) is None:
        yield f"{module.path}: no docstring"


@rule("telnyx_actors/app.py", '"""App."""\n# ' + "TO" + "DO: later\n")
def nothing_is_put_off(module: Module) -> Complaints:
    for number, line in enumerate(module.lines, 1):
        if re.search(r"\b(TO" + "DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|NotImplemented" + "Error", line):
            yield f"{module.path}:{number}: do it now, or open an issue"


@rule("telnyx_actors/app.py", "x = f()  # type: " + "ignore[no-any-return]\n")
def exceptions_from_checks_have_a_reason(module: Module) -> Complaints:
    for number, line in enumerate(module.lines, 1):
        if re.search(r"# (type: ignore|noqa|pyright)(\[[\w, -]+\]|: ?[A-Z0-9, ]+)?\s*$", line):
            yield f"{module.path}:{number}: no reason beside it"


@rule("telnyx_actors/app.py", "text = path.read_text()")
def text_files_are_utf_8(module: Module) -> Complaints:
    for call in module.calls():
        if _opens_text(call) and not any(keyword.arg == "encoding" for keyword in call.keywords):
            yield f"{module.path}:{call.lineno}: {_dotted(call.func)} without encoding="


def _opens_text(call: ast.Call) -> bool:
    name = _dotted(call.func)
    if name.endswith((".read_text", ".write_text")):
        return True
    if name == "open":
        modes = call.args[1:2]
    elif name.endswith(".open") and not name.startswith(("os.", "wave.")):
        modes = call.args[:1]
    else:
        return False
    given = [*modes, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return all(isinstance(mode, ast.Constant) and "b" not in str(mode.value) for mode in given)


@rule("telnyx_actors/actors/call.py", "print('hola')")
def the_engine_logs_and_does_not_print(module: Module) -> Complaints:
    if not module.is_engine or module.layer in ("console", "app"):
        return
    for call in module.calls():
        if _dotted(call.func) == "print":
            yield f"{module.path}:{call.lineno}: print"
