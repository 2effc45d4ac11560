"""A front with the page on it and nothing behind, and a client that has come once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as ws_connect
from websockets.typing import Origin

from support.fake_engine import FakeEngine
from telnyx_actors.actors.sinks import Viewer
from telnyx_actors.console.assets import Asset, load_assets
from telnyx_actors.front.ports import PagePort
from telnyx_actors.front.server import FrontServer
from telnyx_actors.front.settings import FrontSettings
from telnyx_actors.providers.softphone import Softphone

TOKEN = "una-frase-larga"
WITHIN_S = 5


@dataclass
class FakeAudience:
    assets: Mapping[str, Asset] = field(default_factory=load_assets)
    said: list[tuple[str, ...]] = field(default_factory=list)
    is_there: bool = True

    def came(self, viewer: Viewer) -> bool:
        if self.is_there:
            viewer.send(['{"at":1,"engine":{}}'])
        return self.is_there

    def asked(self, viewer: Viewer, call: str, *, tree: bool) -> None:
        self.said.append(("asked", call, str(tree)))
        viewer.send([json.dumps({"heard": call})])

    def left(self, viewer: Viewer) -> None:
        self.said.append(("left",))


class Page:
    """A front with a page on it, and a client that has come once."""

    def __init__(self, token: str | None, audience: FakeAudience | None = None) -> None:
        self.engine = FakeEngine()
        self.audience = audience or FakeAudience()
        self.phone = Softphone(lambda _: None)
        settings = FrontSettings(host="127.0.0.1", port=0, api_token=token)
        self.server = FrontServer(self.engine, settings, page=PagePort(self.audience, self.phone))
        self.server.start()
        self.client = requests.Session()
        self.client.trust_env = False
        self.here = f"http://127.0.0.1:{self.server.port}"

    def close(self) -> None:
        self.client.close()
        assert self.server.stop(2.0)

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.client.get(f"{self.here}{path}", headers=headers, allow_redirects=False, timeout=WITHIN_S)

    def post(self, path: str, data: Any = None, origin: str | None = "same", **headers: str) -> requests.Response:
        if origin is not None:
            headers["Origin"] = self.here if origin == "same" else origin
        url = f"{self.here}{path}"
        return self.client.post(url, data=data, headers=headers, allow_redirects=False, timeout=WITHIN_S)

    def live(self, origin: str = "same", cookies: Sequence[str] = ()) -> ClientConnection:
        client: ClientConnection = ws_connect(
            f"ws://127.0.0.1:{self.server.port}/console/live",
            origin=Origin(self.here if origin == "same" else origin),
            additional_headers=[("Cookie", cookie) for cookie in cookies],
            open_timeout=WITHIN_S,
        )
        return client

    @property
    def cookie(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.client.cookies)
