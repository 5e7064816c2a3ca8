"""Tells customers that their order is confirmed, once each."""
