"""Our request bodies, held against the types of Telnyx's own SDK."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ConfigDict, TypeAdapter, with_config
from telnyx.types import CallDialParams
from telnyx.types.calls import (
    ActionAnswerParams,
    ActionHangupParams,
    ActionSpeakParams,
    ActionStartPlaybackParams,
    ActionStartStreamingParams,
    ActionStopPlaybackParams,
    ActionTransferParams,
)
from typing_extensions import TypedDict

PARAMS: Mapping[str, type] = {
    "dial": CallDialParams,
    "answer": ActionAnswerParams,
    "hangup": ActionHangupParams,
    "playback_start": ActionStartPlaybackParams,
    "playback_stop": ActionStopPlaybackParams,
    "speak": ActionSpeakParams,
    "streaming_start": ActionStartStreamingParams,
    "transfer": ActionTransferParams,
}


def check_body(command: str, body: Mapping[str, object]) -> None:
    """Raises when a field of ``body`` is not one of the command's, or has a value it does not take."""
    params = PARAMS[command]
    # In Python, "from" can be no field name: the SDK calls it "from_".
    fields = {f"{name}_" if name == "from" else name: value for name, value in body.items()}
    unknown = set(fields) - set(params.__annotations__)
    if unknown:
        raise ValueError(f"{command} knows no {sorted(unknown)}")
    missing = params.__required_keys__ - fields.keys()  # type: ignore[attr-defined]  # every TypedDict has it
    if missing:
        raise ValueError(f"{command} needs {sorted(missing)}")
    # Only the fields in use: some of the others refer to each other in ways that pydantic cannot follow.
    types = {name: params.__annotations__[name] for name in fields}
    used = TypedDict("used", types)  # type: ignore[misc]  # no literal: it is made of what is there
    used.__module__ = params.__module__  # where the names in those annotations are found
    TypeAdapter(with_config(ConfigDict(extra="forbid"))(used)).validate_python(fields, strict=True)
