"""`python -m demo_services.fault NAME LEVEL`: switch a fault of a service on, or off (0).

For where there is no curl: `docker compose exec payments python -m demo_services.fault latency 1`.
The service must have been started with ADMIN_PORT.
"""

from __future__ import annotations

import argparse
import os
import sys

import requests

from demo_services.shared.admin import HOST
from demo_services.shared.faults import KNOWN


def main() -> int:
    """Read the arguments, switch, print what the service says. 1 if it refuses."""
    parser = argparse.ArgumentParser(prog="python -m demo_services.fault", description=__doc__)
    parser.add_argument("name", choices=KNOWN)
    parser.add_argument("level", type=float)
    parser.add_argument("--port", type=int, default=os.environ.get("ADMIN_PORT") or None)
    given = parser.parse_args()
    if given.port is None:
        parser.error("give --port, or start the service with ADMIN_PORT: its faults are disabled")
    url = f"http://{HOST}:{given.port}/faults/{given.name}"
    try:
        answer = requests.put(url, json={"level": given.level}, timeout=(1, 5))
    except requests.RequestException as error:
        print(f"nothing answers at port {given.port}: {type(error).__name__}", file=sys.stderr)
        return 1
    print(answer.text)
    return 0 if answer.ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
