"""A world in another process, with the methods of ``World``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import requests

from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.phrasebook import HeardWord
from telnyx_actors.standins.telnyx_settings import LineSettings, WebhookChaos
from telnyx_actors.standins.world_codec import record_from_json, script_to_json

ANSWER_LIMIT_S: Final = 30.0


class WorldClient:
    """Blocking; for one thread. ``close`` when done."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    @property
    def env(self) -> dict[str, str]:
        env: dict[str, str] = self._call("GET", "/env")
        return env

    def expect(self, script: CallerScript, number: str = "") -> None:
        self._call("PUT", "/scripts", {"script": script_to_json(script), "number": number})

    def answer_with(self, script: CallerScript) -> None:
        self._call("PUT", "/scripts", {"script": script_to_json(script), "default": True})

    def ring(self, script: CallerScript, from_: str, to: str = "", webhook_url: str = "") -> str:
        body = {"script": script_to_json(script), "from": from_, "to": to, "webhook_url": webhook_url}
        call_id: str = self._call("POST", "/ring", body)["call_control_id"]
        return call_id

    def set_webhook_url(self, url: str) -> None:
        self._call("PUT", "/webhook-url", {"url": url})

    def fail(self, vendor: str, fault: Fault) -> None:
        self._call("POST", "/faults", {"vendor": vendor, **asdict(fault)})

    def heal(self, vendor: str = "") -> None:
        self._call("DELETE", "/faults", params={"vendor": vendor})

    def misbehave(self, *chaos: WebhookChaos) -> None:
        self._call("PUT", "/webhook-chaos", [asdict(item) for item in chaos])

    def set_line(self, line: LineSettings) -> None:
        self._call("PUT", "/line", asdict(line))

    def script_model(self, lines: Sequence[tuple[str, str]]) -> None:
        self._call("PUT", "/model", [list(line) for line in lines])

    def calls(self) -> list[CarrierCall]:
        return [self.call(item["call_control_id"]) for item in self._call("GET", "/calls")["calls"]]

    def call(self, call_control_id: str) -> CarrierCall:
        """Raises KeyError."""
        return record_from_json(self._call("GET", f"/calls/{call_control_id}/record"))

    def wait_call(self, index: int, timeout_s: float) -> CarrierCall:
        """Raises TimeoutError."""
        params = {"index": index, "timeout_s": timeout_s}
        found = self._call("GET", "/calls", params=params, limit_s=timeout_s)["calls"]
        return self.call(found[0]["call_control_id"])

    def wait_ended(self, call_control_id: str, timeout_s: float) -> CarrierCall:
        """Raises TimeoutError."""
        params = {"ended": 1, "timeout_s": timeout_s}
        path = f"/calls/{call_control_id}/record"
        return record_from_json(self._call("GET", path, params=params, limit_s=timeout_s))

    def agent_words(self, call_control_id: str) -> list[HeardWord]:
        """What the human understood of the agent until now, word by word. Raises KeyError."""
        return [HeardWord(**word) for word in self._call("GET", f"/calls/{call_control_id}/words")]

    def forget_ended(self) -> None:
        self._call("DELETE", "/calls")

    def entries(self, vendor: str) -> list[dict[str, Any]]:
        """What a stand-in saw and did, as JSON."""
        found: list[dict[str, Any]] = self._call("GET", f"/entries/{vendor}")
        return found

    def _call(self, method: str, path: str, body: Any = None, *, params: Any = None, limit_s: float = 0) -> Any:
        response = self._session.request(
            method, self.url + path, json=body, params=params, timeout=limit_s + ANSWER_LIMIT_S
        )
        if response.status_code == 404:
            raise KeyError(response.text)
        if response.status_code == 408:
            raise TimeoutError(response.text)
        if response.status_code >= 400:
            raise ValueError(response.text)
        return response.json()
