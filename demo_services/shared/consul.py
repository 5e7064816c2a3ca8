"""Settings and addresses from Consul, where CONSUL_URL names one; the environment alone otherwise.

Key `shop/SERVICE/NAME` is the variable NAME of that service, `shop/common/NAME` of all. What the
environment says wins. An address `consul://NAME` is that of a healthy instance of the service NAME,
looked up at the start: for a while again and again, since all may have been started together.
https://developer.hashicorp.com/consul/api-docs/kv, …/health
"""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests

from demo_services.shared.settings import SettingsError

logger = logging.getLogger(__name__)

_SCHEME = "consul://"
_TIMEOUT = (1, 3)  # s: to connect, between two bytes read
_TRIES, _PAUSE_S = 20, 1.0


def settings(
    environ: Mapping[str, str], pause: Callable[[float], None] = time.sleep
) -> Mapping[str, str]:
    """`environ` with what Consul adds. Raises SettingsError for an address that can't be found."""
    if not environ.get("CONSUL_URL"):
        return environ
    url = environ["CONSUL_URL"].rstrip("/")
    consul = _Consul(url, environ.get("CONSUL_HTTP_TOKEN", ""), pause)
    service = environ.get("OTEL_SERVICE_NAME", "")
    values = {**consul.values("shop/common/"), **consul.values(f"shop/{service}/"), **environ}
    return {key: consul.resolved(key, value) for key, value in values.items()}


class _Consul:
    def __init__(self, url: str, token: str, pause: Callable[[float], None]) -> None:
        self._url = url
        self._pause = pause
        self._headers = {"X-Consul-Token": token} if token else {}

    def values(self, folder: str) -> dict[str, str]:
        """What is below that folder of keys; nothing where Consul can't say."""
        try:
            entries = self._get(f"/v1/kv/{folder}?recurse=true") or []
        except requests.RequestException as error:
            logger.warning("no settings from Consul: %s", type(error).__name__)
            return {}
        return {
            entry["Key"].removeprefix(folder): base64.b64decode(entry["Value"] or "").decode()
            for entry in entries
            if not entry["Key"].endswith("/")
        }

    def resolved(self, key: str, value: str) -> str:
        """The value, or the address that it stands for: `http://host:port`, or `host:port`."""
        if not value.startswith(_SCHEME):
            return value
        why = ""
        for turn in range(_TRIES):
            if turn:
                logger.warning("%s: %s; asking again", key, why)
                self._pause(_PAUSE_S)
            try:
                address = self._address(value.removeprefix(_SCHEME))
            except requests.RequestException as error:
                why = f"Consul does not answer ({type(error).__name__})"
                continue
            if address:
                return f"http://{address}" if key.endswith("_URL") else address
            why = f"Consul knows no healthy {value.removeprefix(_SCHEME)}"
        raise SettingsError(f"{key} is {value!r}, but {why}")

    def _address(self, name: str) -> str:
        """`host:port` of a healthy instance; empty where there is none."""
        found = self._get(f"/v1/health/service/{name}?passing=true") or []
        if not found:
            return ""
        service, node = found[0]["Service"], found[0]["Node"]
        return f"{service['Address'] or node['Address']}:{service['Port']}"

    def _get(self, path: str) -> Any:
        answer = requests.get(f"{self._url}{path}", headers=self._headers, timeout=_TIMEOUT)
        if answer.status_code == 404:  # no such key
            return None
        answer.raise_for_status()
        return answer.json()
