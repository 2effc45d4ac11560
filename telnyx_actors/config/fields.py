"""How a setting is declared: once, as a dataclass field that knows its variable.

    port: int = setting("PORT", whole(0, 65_535), "3000", Text(es="Puerto…", en="Port…"))

Everything else is made from these declarations: reading the environment, the messages
about what is wrong in it, ``.env.example`` and ``docs/configuration.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple, TypeVar, cast

from telnyx_actors.config.values import Kind

T = TypeVar("T")

_KEY = "setting"


class Text(NamedTuple):
    """The same sentence for operators (Spanish) and for the documentation (English)."""

    es: str
    en: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable. ``default`` is text, as it would stand in the environment; None: not set.

    ``aliases`` are names of older services, tried in order after ``name``.
    ``unused``: the variable is accepted and has no effect; why.
    """

    name: str
    kind: Kind[Any]
    means: Text
    default: str | None = None
    required: bool = False
    aliases: tuple[str, ...] = ()
    unused: Text | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)

    @property
    def example(self) -> str:
        return self.default or self.kind.example


def setting(
    name: str,
    kind: Kind[T],
    default: str,
    means: Text,
    *,
    aliases: tuple[str, ...] = (),
    unused: Text | None = None,
) -> T:
    """A setting that works without being set."""
    declared = Setting(name, kind, means, default=default, aliases=aliases, unused=unused)
    return field(default=kind.parse(default), metadata={_KEY: declared})


def optional(name: str, kind: Kind[T], means: Text, *, aliases: tuple[str, ...] = ()) -> T | None:
    """A setting whose absence means something: None."""
    return field(default=None, metadata={_KEY: Setting(name, kind, means, aliases=aliases)})


def required(name: str, kind: Kind[T], means: Text, *, aliases: tuple[str, ...] = ()) -> T:
    """A setting without which there is no engine. To be declared before those with a default."""
    declared = Setting(name, kind, means, required=True, aliases=aliases)
    return cast(T, field(metadata={_KEY: declared}))


class Group:
    """Settings that belong together: a frozen dataclass of nothing but settings."""

    __slots__ = ()

    title: ClassVar[Text]

    def contradictions(self) -> Iterator[str]:
        """What is wrong between settings that are each right by themselves; ready to print."""
        return iter(())

    def cautions(self) -> Iterator[str]:
        """What the operator should know, though it is no reason not to start; ready to print."""
        return iter(())


def declarations(group: type[Group]) -> Iterator[tuple[str, Setting]]:
    """The settings of a group, by field name, in the order of declaration."""
    for each in fields(cast(Any, group)):
        yield each.name, each.metadata[_KEY]
