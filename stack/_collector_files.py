"""Which files of collector_config the gateway and the agent are started with.

compose.yaml has the same choice in its `command`s.
"""

from stack._settings import Settings


def gateway(settings: Settings) -> tuple[str, ...]:
    """Return the gateway's arguments. Files further behind are merged over those before them."""
    return _arguments(
        settings,
        "gateway.yaml",
        "options/hosts.yaml",
        f"options/sampling_{settings.sampling}.yaml",
        *_guards(settings),
    )


def agent(settings: Settings) -> tuple[str, ...]:
    """Return the agent's arguments."""
    onward = []
    if settings.token:
        onward.append("options/agent_to_gateway_token.yaml")
    if settings.tls_dir:
        onward.append("options/agent_to_gateway_tls.yaml")
    return _arguments(
        settings,
        "options/hosts.yaml",
        "agent.yaml",
        f"options/logs_{settings.logs}.yaml",
        *_guards(settings),
        *onward,
    )


def _guards(settings: Settings) -> tuple[str, ...]:
    access = "_token" if settings.token else ""
    transport = "_tls" if settings.tls_dir else ""
    return f"options/access{access}.yaml", f"options/transport{transport}.yaml"


def _arguments(settings: Settings, *files: str) -> tuple[str, ...]:
    return tuple(f"--config={settings.root / 'collector_config' / file}" for file in files)
