"""Values as Python source: what ``repr`` would be, if that could be run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any, Final

_BUILT_IN: Final = (str, int, float, bool, type(None))


class Source:
    """Writes values, and remembers what their source has to import."""

    def __init__(self) -> None:
        self._names: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, module: str, name: str) -> None:
        """Import this, too."""
        self._names[module].add(name)

    def name(self, of: type) -> str:
        self.add(of.__module__, of.__name__)
        return of.__name__

    def code(self, value: object) -> str:
        """What is at its default is left out."""
        match value:
            case Enum():
                return f"{self.name(type(value))}.{value.name}"
            case tuple():
                items = [self.code(item) for item in value]
                return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
            case list():
                return f"[{', '.join(map(self.code, value))}]"
            case _ if is_dataclass(value) and not isinstance(value, type):
                return self._object(value)
            case _ if isinstance(value, _BUILT_IN):
                return repr(value)
        raise TypeError(f"no source for {type(value)}")

    def imports(self) -> list[str]:
        return [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self._names.items())]

    def _object(self, value: Any) -> str:
        given = [(each.name, getattr(value, each.name)) for each in fields(value) if not _is_default(each, value)]
        return f"{self.name(type(value))}({', '.join(f'{name}={self.code(each)}' for name, each in given)})"


def _is_default(each: Field[Any], owner: object) -> bool:
    default = each.default_factory() if each.default_factory is not MISSING else each.default
    return default is not MISSING and bool(getattr(owner, each.name) == default)
