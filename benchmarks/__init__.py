"""Measurements. Nothing here is installed with clew."""
