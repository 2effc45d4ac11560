"""Prompt caching as Claude does it: by exact prefix, in blocks, above a minimum, for a while."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

CHARACTERS_PER_TOKEN: Final = 3.2
LOOK_BACK_BLOCKS: Final = 20

_TTL_S: Final = {"5m": 300.0, "1h": 3600.0}
_MINIMUM_TOKENS: Final = (
    ("claude-haiku-4-5", 4096),
    ("claude-opus-4-5", 4096),
    ("claude-opus-4-6", 4096),
    ("claude-opus-4-7", 2048),
    ("claude-sonnet-4", 1024),
    ("claude-sonnet-5", 1024),
    ("claude-opus-4", 1024),
)
_MINIMUM_TOKENS_DEFAULT: Final = 512

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class InputUsage:
    """Input tokens: read from the cache, written to it, and neither."""

    uncached: int
    written: int = 0
    read: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the prompt in hashing order, with the time to live of its breakpoint if it is one."""

    content: str
    ttl: str = ""

    @property
    def characters(self) -> int:
        return len(self.content)


class PromptCache:
    """Which prefixes are warm, by model. ``now`` is any clock in seconds that goes forward."""

    def __init__(self) -> None:
        self._warm_until: dict[str, float] = {}

    def use(self, body: Body, now: float) -> InputUsage:
        """Account for one request, and keep what it asks to keep."""
        model = str(body.get("model", ""))
        blocks = blocks_of(body)
        keys, tokens = _prefixes(model, blocks)
        total = tokens[-1] if tokens else 0
        breakpoints = [n for n, block in enumerate(blocks) if block.ttl and tokens[n] >= minimum_tokens(model)]
        if not breakpoints:
            return InputUsage(uncached=total)
        last = breakpoints[-1]
        warm = [
            n
            for n in range(last + 1)
            if self._warm_until.get(keys[n], 0.0) > now
            and any(0 <= point - n <= LOOK_BACK_BLOCKS for point in breakpoints)
        ]
        read = tokens[warm[-1]] if warm else 0
        for n in {*breakpoints, *warm[-1:]}:
            until = now + _TTL_S.get(blocks[n].ttl, _TTL_S["5m"])
            self._warm_until[keys[n]] = max(self._warm_until.get(keys[n], 0.0), until)
        return InputUsage(uncached=total - tokens[last], written=max(0, tokens[last] - read), read=read)


def minimum_tokens(model: str) -> int:
    """A shorter prefix than this is silently not cached."""
    return next((least for prefix, least in _MINIMUM_TOKENS if model.startswith(prefix)), _MINIMUM_TOKENS_DEFAULT)


def blocks_of(body: Body) -> list[Block]:
    """Every block in the order in which prompts are hashed: tools, system, messages."""
    found = [*_blocks(body.get("tools")), *_blocks(body.get("system"))]
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict):
            found += [Block(f"{message.get('role')}:{b.content}", b.ttl) for b in _blocks(message.get("content"))]
    automatic = _ttl(body)
    if automatic and found:
        found[-1] = Block(found[-1].content, automatic)
    return found


def tokens_of(characters: int) -> int:
    return round(characters / CHARACTERS_PER_TOKEN)


def _blocks(content: object) -> list[Block]:
    if isinstance(content, str):
        return [Block(content)]
    if not isinstance(content, list):
        return []
    return [Block(_canonical(block), _ttl(block)) for block in content if isinstance(block, dict)]


def _canonical(block: Body) -> str:
    if isinstance(block.get("text"), str):
        return str(block["text"])
    return json.dumps({key: block[key] for key in sorted(block) if key != "cache_control"}, ensure_ascii=False)


def _ttl(holder: Body) -> str:
    control = holder.get("cache_control")
    return str(control.get("ttl", "5m")) if isinstance(control, dict) else ""


def _prefixes(model: str, blocks: list[Block]) -> tuple[list[str], list[int]]:
    """The key of the prefix that ends with each block, and its length in tokens."""
    digest, characters = sha256(model.encode()), 0
    keys: list[str] = []
    tokens: list[int] = []
    for block in blocks:
        digest.update(f"\0{block.content}".encode())
        characters += block.characters
        keys.append(digest.hexdigest())
        tokens.append(tokens_of(characters))
    return keys, tokens
