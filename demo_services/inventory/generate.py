"""`python -m demo_services.inventory.generate`: Python code of inventory.proto, into generated/.

Needs `grpcio-tools`. The result is committed, so that services need only `grpcio` and `protobuf`.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROTO = HERE / "inventory.proto"
FOLDER = "demo_services/inventory/generated"


def generate(target: Path) -> None:
    """Write the modules below `target`, which stands for the top of the checkout."""
    from grpc_tools import protoc

    # Under the path that the modules shall have, so that they import each other by it.
    source = target / FOLDER / "inventory.proto"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(PROTO.read_text())
    out = [f"--{kind}_out={target}" for kind in ("python", "pyi", "grpc_python")]
    code = protoc.main(["protoc", f"-I{target}", *out, f"{FOLDER}/inventory.proto"])
    source.unlink()
    if code:
        raise SystemExit(f"protoc ended with {code}; what it said stands above.")


if __name__ == "__main__":
    generate(ROOT)
    sys.exit(0)
