"""How gunicorn runs the catalog: two worker processes, forked from one that listens."""

import os

from demo_services.shared import admin

bind = f"{os.environ.get('CATALOG_HOST', '127.0.0.1')}:{os.environ.get('CATALOG_PORT', '8002')}"
workers = 2
threads = 4
worker_class = "gthread"
worker_tmp_dir = os.environ.get("TMPDIR") or "/tmp"
graceful_timeout = 10
# The application is imported once, before the fork: the workers share the levels of its faults.
preload_app = True
control_socket_disable = True


def when_ready(_server: object) -> None:
    """In the process that forks: one switchboard for all workers."""
    admin.start(os.environ)
