"""The programs that the stack needs: versions, official releases and builds, each stated once.

A checksum stands here only if two independent published sources agree on it; where none was found
there is none, the download is then refused, and the program is built from its Go modules instead,
whose checksums go.sum pins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

JAEGER = "2.13.0"
LOKI = "3.7.8"
COLLECTOR = "0.159.0"
PROMETHEUS = "3.13.1"
ALERTMANAGER = "0.31.0"
# Only the engine's tests run it, in the place of compose.yaml's newer one: tests/compose/README.md.
CONSUL = "1.14.11"

_PROMETHEUS_VERSION = "github.com/prometheus/common/version.Version"
_LOKI_VERSION = "github.com/grafana/loki/v3/pkg/util/build.Version"
_JAEGER_VERSION = "github.com/jaegertracing/jaeger/internal/version.latestVersion"


@dataclass(frozen=True)
class Release:
    """An archive of a project's release.

    `{os}` and `{arch}` in the texts stand for Go's names of the platform.
    `path` is relative to the releases' site, `member` is the program's file name in the archive,
    and `sha256` holds the archive's checksum (hexadecimal) by "os-arch".
    """

    path: str
    member: str
    sha256: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GoTool:
    """How to build a program from a Go module of the checkout that requires it.

    `version_variable` is empty for a program that knows its version by itself.
    """

    module: str
    package: str
    version_variable: str
    tags: str = ""


@dataclass(frozen=True)
class CollectorBuild:
    """How to build the collector: a manifest of its parts, turned into sources by the builder."""

    manifest: str
    builder: str


@dataclass(frozen=True)
class Binary:
    """A program at its pinned version.

    `on_path` is the name to look for on PATH. `minutes` is about how long its build took on 2
    cores that had other work too, its modules already downloaded; what programs have in common is
    compiled once for all of them. With `on_request` it is obtained only by its name.
    """

    name: str
    version: str
    on_path: str
    version_arguments: tuple[str, ...]
    version_pattern: str
    minutes: float
    release: Release
    build: GoTool | CollectorBuild
    on_request: bool = False


def _prometheus_like(
    name: str, version: str, project: str, minutes: float, sha256: Mapping[str, str], tags: str = ""
) -> Binary:
    """A program of the Prometheus projects, which release, build and tell versions alike."""
    return Binary(
        name=name,
        version=version,
        on_path=name,
        version_arguments=("--version",),
        version_pattern=rf"{name}, version (\S+)",
        minutes=minutes,
        release=Release(
            path=f"prometheus/{project}/releases/download/v{version}/"
            f"{project}-{version}.{{os}}-{{arch}}.tar.gz",
            member=name,
            sha256=sha256,
        ),
        build=GoTool(
            module=f"backends/{project}",
            package=f"github.com/prometheus/{project}/cmd/{name}",
            version_variable=_PROMETHEUS_VERSION,
            tags=tags,
        ),
    )


_LOKI_SHA256 = {
    "linux-amd64": "62aea42c9cba52cd1642b3666ab37019a0ce4c24ab50b07e85dccc8d812f7d61",
}
_COLLECTOR_SHA256 = {  # of the contrib distribution
    "linux-amd64": "9d589f6349f01179957a2052bc7307a99db2efc971e14e00575941a77122eaaf",
    "linux-arm64": "abb8665cc963e886c2d1286c50b38bcb2e53d968b192c3d8fe4d1ed6b91c3901",
    "darwin-amd64": "c683fc414117b8477794dcd7591e84e61cbef1e2ff8817afb6fd622e7fb5c0d9",
    "darwin-arm64": "7e317b75b1b087ba2150bf95d79e39a394d0d091f1231af6bbebee895d200375",
}
_PROMETHEUS_SHA256 = {
    "linux-amd64": "962b812371aff838d152b6ff2d56fdb7a6396f5542f48ebf73421b9721f0d103",
    "linux-arm64": "fbd8e5e0f6ad2e7d053e717739186caee4fd0cab2cf9335bfc86c292fe2a2bfe",
    "darwin-amd64": "bc6cef4bdbeb3d0974ac161684dd2a0c4d4e341a13a4a634917b1c09d0f33fc5",
    "darwin-arm64": "28d1f1224b2a22f84c801487fad4b3bd58f94a8cb58cf9340557e787030c9703",
}
# Targets come from files alone, so no cloud's service discovery is compiled in: it halves the
# program.
_PROMETHEUS_TAGS = "remove_all_sd"

_COLLECTOR_BUILDER = f"go.opentelemetry.io/collector/cmd/builder@v{COLLECTOR}"
_COLLECTOR = Binary(
    name="otelcol",
    version=COLLECTOR,
    # The contrib distribution: the plain `otelcol` lacks parts that the configuration names.
    on_path="otelcol-contrib",
    version_arguments=("--version",),
    version_pattern=r"otelcol\S* version (\S+)",
    minutes=2.0,
    release=Release(
        path="open-telemetry/opentelemetry-collector-releases/releases/download/"
        f"v{COLLECTOR}/otelcol-contrib_{COLLECTOR}_{{os}}_{{arch}}.tar.gz",
        member="otelcol-contrib",
        sha256=_COLLECTOR_SHA256,
    ),
    build=CollectorBuild("collector_config/builder.yaml", _COLLECTOR_BUILDER),
)

BINARIES = {
    binary.name: binary
    for binary in (
        Binary(
            name="jaeger",
            version=JAEGER,
            on_path="jaeger",
            version_arguments=("version",),
            version_pattern=r'"gitVersion":"v?([^"]+)"',
            minutes=4.0,
            release=Release(
                path=f"jaegertracing/jaeger/releases/download/v{JAEGER}/"
                f"jaeger-{JAEGER}-{{os}}-{{arch}}.tar.gz",
                member="jaeger",
            ),
            build=GoTool(
                module="backends/jaeger",
                package="github.com/jaegertracing/jaeger/cmd/jaeger",
                version_variable=_JAEGER_VERSION,
            ),
        ),
        Binary(
            name="loki",
            version=LOKI,
            on_path="loki",
            version_arguments=("--version",),
            version_pattern=r"loki, version (\S+)",
            minutes=6.0,
            release=Release(
                path=f"grafana/loki/releases/download/v{LOKI}/loki-{{os}}-{{arch}}.zip",
                member="loki-{os}-{arch}",
                sha256=_LOKI_SHA256,
            ),
            build=GoTool(
                module="backends/loki",
                package="github.com/grafana/loki/v3/cmd/loki",
                version_variable=_LOKI_VERSION,
            ),
        ),
        _COLLECTOR,
        replace(
            _COLLECTOR,
            name="otelcol-fleet",
            minutes=3.0,
            build=CollectorBuild("collector_config/builder_fleet.yaml", _COLLECTOR_BUILDER),
            on_request=True,
        ),
        _prometheus_like(
            "prometheus", PROMETHEUS, "prometheus", 2.0, _PROMETHEUS_SHA256, _PROMETHEUS_TAGS
        ),
        _prometheus_like(
            "promtool", PROMETHEUS, "prometheus", 0.5, _PROMETHEUS_SHA256, _PROMETHEUS_TAGS
        ),
        _prometheus_like("alertmanager", ALERTMANAGER, "alertmanager", 0.5, {}),
        _prometheus_like("amtool", ALERTMANAGER, "alertmanager", 0.5, {}),
        Binary(
            name="consul",
            version=CONSUL,
            on_path="consul",
            version_arguments=("version",),
            version_pattern=r"Consul v(\S+)",
            minutes=6.0,
            # Not among the releases of the site that the others come from.
            release=Release(path="", member=""),
            build=GoTool("tests/compose/consul", "github.com/hashicorp/consul", ""),
            on_request=True,
        ),
    )
}
