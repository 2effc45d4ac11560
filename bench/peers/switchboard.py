"""Telnyx's side of a peer's calls: asked to call somebody, it dials, and gives the call's audio to a free bot.

It stands in for what TeXML does with a bot's ``<Stream url=… bidirectionalMode="rtp">``, so it runs on the world's core and
costs the peer nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import requests

LIMIT_S: Final = 10.0
NO_ROOM: Final = 503


class Switchboard:
    """Listens on ``url`` from ``start`` to ``stop``. A bot is the address of its media socket.

    Of several bots, each has one call at a time; one alone has them all.
    """

    def __init__(self, world_env: Mapping[str, str], bots: Sequence[str]) -> None:
        self._env = world_env
        self._bots = bots
        self._calls: dict[str, str] = {}
        self._lock = threading.Lock()
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["Authorization"] = f"Bearer {world_env['TELNYX_API_KEY']}"
        switchboard = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(switchboard.dial(body["telefono"]))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="switchboard")
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._http.close()

    def dial(self, number: str) -> int:
        """Have somebody called. Returns the HTTP status of the answer."""
        with self._lock:
            bot = self._bots[0] if len(self._bots) == 1 else self._free_bot()
            if bot is None:
                return NO_ROOM
            body = {
                "connection_id": self._env["TELNYX_CONNECTION_ID"],
                "from": self._env["TELNYX_PHONE_NUMBER"],
                "to": number,
                "stream_url": bot,
                "stream_track": "inbound_track",
                "stream_bidirectional_mode": "rtp",
                "stream_bidirectional_codec": "PCMU",
            }
            answer = self._http.post(f"{self._env['TELNYX_API_URL']}/calls", json=body, timeout=LIMIT_S)
            if not answer.ok:
                return answer.status_code
            self._calls[bot] = answer.json()["data"]["call_control_id"]
        return 201

    def _free_bot(self) -> str | None:
        return next((bot for bot in self._bots if bot not in self._calls or not self._is_alive(self._calls[bot])), None)

    def _is_alive(self, call_control_id: str) -> bool:
        answer = self._http.get(f"{self._env['TELNYX_API_URL']}/calls/{call_control_id}", timeout=LIMIT_S)
        return answer.ok and bool(answer.json()["data"]["is_alive"])
