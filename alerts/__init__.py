"""Alerts: rules, their texts, links and proofs, from one catalogue."""
