"""Tells what the shop has."""
