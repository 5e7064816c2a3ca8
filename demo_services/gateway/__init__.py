"""The gateway, where requests come in."""
