"""What a plain HTTP client gets, without any installer in between."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from email.message import Message


class Answer:
    """The answer to one request; errors are answers too."""

    headers: Message

    def __init__(
        self, url: str, method: str = "GET", data: bytes | None = None, *, seconds: float = 30, **headers: str
    ) -> None:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        request = urllib.request.Request(url, data, method=method, headers=named)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=seconds) as got:
                self.status, self.headers, self.body, self.reason = got.status, got.headers, got.read(), got.reason
        except urllib.error.HTTPError as error:
            self.status, self.headers, self.body = error.code, error.headers, error.read()
            self.reason = error.reason

    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()
