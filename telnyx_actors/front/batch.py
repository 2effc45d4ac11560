"""One request for many calls: every row is answered for, in order, whatever happens to the others.

The engine dials them at the pace that the account allows. A row with an error was not dialled, and may be
sent again as it is; only one that says so may have been. So who is answered knows what is left to do.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from telnyx_actors.front.exchange import BadRequestError, Pending, Respond, Response, json_response
from telnyx_actors.front.ports import Answer, CallRequest, Engine, Json
from telnyx_actors.front.validation import call_request, telefono_of


class Batch:
    """Collects the engine's answers, which may come from any thread."""

    def __init__(self, rows: Sequence[object], respond: Respond) -> None:
        self._rows = rows
        self._respond = respond
        self._lock = threading.Lock()
        self._results: dict[int, Json] = {}

    def start(self, engine: Engine, timeout_s: float) -> Pending:
        valid: list[tuple[int, CallRequest]] = []
        for index, row in enumerate(self._rows):
            try:
                valid.append((index, call_request(row)))
            except BadRequestError as error:
                self._results[index] = _failure(telefono_of(row), error.message)
        for index, request in valid:
            engine.initiate(request, partial(self._answered, index, request.telefono))
        if not valid:
            self._respond(self._response())
        return Pending(timeout_s, self._response)

    def _answered(self, index: int, telefono: str, answer: Answer) -> None:
        with self._lock:
            self._results[index] = _result(telefono, answer)
            is_complete = len(self._results) == len(self._rows)
        if is_complete:
            self._respond(self._response())

    def _response(self) -> Response:
        """What is known so far: a call that was dialled must not be dialled again for want of a line."""
        with self._lock:
            late = "El motor no respondió a tiempo; la llamada puede estar en curso."
            results = [
                self._results.get(index) or _failure(telefono_of(row), late) for index, row in enumerate(self._rows)
            ]
        return json_response(200, {"total": len(results), "results": results})


def _result(telefono: str, answer: Answer) -> Json:
    call_control_id = answer.body.get("call_control_id")
    if answer.status < 400 and isinstance(call_control_id, str):
        return {"status": "success", "call_control_id": call_control_id, "telefono": telefono}
    return _failure(telefono, str(answer.body.get("message") or answer.body.get("error") or "Error desconocido."))


def _failure(telefono: str, message: str) -> Json:
    return {"status": "error", "telefono": telefono, "error": message}
