"""A reply as server-sent events: tokens cut anywhere, in the vendor's order and shape."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from telnyx_actors.standins.claude_cache import InputUsage
from telnyx_actors.standins.claude_request import new_id
from telnyx_actors.standins.claude_script import Reply

_TOKEN_CHARACTERS: Final = (4, 3, 5, 4, 2, 6, 4)  # about four, never twice alike, also inside words
_THOUGHT: Final = "Pienso en lo que pide la persona."

Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply cut to what the request allows, ready to be sent."""

    reply: Reply
    tokens: tuple[str, ...]
    stop_reason: str
    stop_sequence: str | None
    output_tokens: int


def answer(reply: Reply, max_tokens: int, stop_sequences: list[str]) -> Answer:
    """Cut the reply at its stop sequence and at ``max_tokens``."""
    text, stop_sequence = reply.text, None
    for sequence in stop_sequences:
        if sequence in text:
            text, stop_sequence = text[: text.index(sequence)], sequence
    tokens = tuple(tokens_of(text))
    if len(tokens) > max_tokens:
        return Answer(Reply(reply.text), tokens[:max_tokens], "max_tokens", None, max_tokens)
    reason = reply.stop_reason or ("stop_sequence" if stop_sequence else "tool_use" if reply.tools else "end_turn")
    return Answer(reply, tokens, reason, stop_sequence, max(1, len(tokens) + 20 * len(reply.tools)))


def tokens_of(text: str) -> Iterator[str]:
    at = 0
    for size in itertools.cycle(_TOKEN_CHARACTERS):
        if at >= len(text):
            return
        yield text[at : at + size]
        at += size


def encode(event: Event) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def usage_of(used: InputUsage, output_tokens: int) -> Event:
    return {
        "input_tokens": used.uncached,
        "cache_creation_input_tokens": used.written,
        "cache_read_input_tokens": used.read,
        "output_tokens": output_tokens,
        "service_tier": "standard",
    }


def message(model: str, answered: Answer, usage: Event, *, begun: bool = False) -> Event:
    """The whole message; ``begun``: as ``message_start`` shows it, still empty."""
    content: list[Event] = [{"type": "text", "text": "".join(answered.tokens)}] if answered.tokens else []
    content += [
        {"type": "tool_use", "id": new_id("toolu"), "name": tool.name, "input": dict(tool.input)}
        for tool in answered.reply.tools
    ]
    return {
        "id": new_id("msg"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [] if begun else content,
        "stop_reason": None if begun else answered.stop_reason,
        "stop_sequence": None if begun else answered.stop_sequence,
        "usage": usage,
    }


def thinking_events(thought: str) -> list[Event]:
    """The first block of a model that thinks."""
    return [
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "thinking_delta", "thinking": thought or _THOUGHT},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2VsbG8="}},
        {"type": "content_block_stop", "index": 0},
    ]


def block_start(index: int) -> Event:
    return {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}


def text_delta(index: int, text: str) -> Event:
    return {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}}


def block_stop(index: int) -> Event:
    return {"type": "content_block_stop", "index": index}


def tool_events(first_index: int, reply: Reply) -> Iterator[Event]:
    """One block for each tool; its input comes in pieces that are no JSON by themselves, the first of them empty."""
    for index, tool in enumerate(reply.tools, first_index):
        block: Event = {"type": "tool_use", "id": new_id("toolu"), "name": tool.name, "input": {}}
        yield {"type": "content_block_start", "index": index, "content_block": block}
        written = json.dumps(dict(tool.input), ensure_ascii=False)
        for piece in ("", *tokens_of(written)):
            delta: Event = {"type": "input_json_delta", "partial_json": piece}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield block_stop(index)


def ending(answered: Answer) -> list[Event]:
    delta: Event = {"stop_reason": answered.stop_reason, "stop_sequence": answered.stop_sequence}
    return [
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": answered.output_tokens}},
        {"type": "message_stop"},
    ]
