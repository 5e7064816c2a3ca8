"""Proof that each alert fires: its fault, in the running shop, until the notification came."""
