"""REST between services: `requests` with a timeout, retries and a breaker, always."""

from __future__ import annotations

from typing import Any

import requests

from demo_services.shared.downstream import Downstream, Patience, ServerFailed


class HttpService:
    """A service that speaks JSON over HTTP at `url`."""

    def __init__(self, name: str, url: str, patience: Patience) -> None:
        self.name = name
        self._url = url
        self._downstream = Downstream(name, patience, (requests.RequestException, ServerFailed))

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        attempts: int | None = None,
    ) -> requests.Response:
        """Its answer, of any status below 500. `attempts=1` for what must not be done twice.

        Raises Unavailable.
        """

        def once() -> requests.Response:
            answer = requests.request(
                method,
                f"{self._url}{path}",
                json=body,
                headers=headers,
                timeout=self._downstream.patience.timeout,
            )
            if answer.status_code >= 500:
                raise ServerFailed(answer.status_code)
            return answer

        return self._downstream.call(once, attempts)
