"""Tests of the configuration with the real programs. They carry the marker `backends`.

The programs must be on the machine (`python -m stack fetch`); a test fails, and says so, where one
is not. Every port is one that the system chose, and state is in a temporary folder, so that a
stack that somebody has up is not disturbed.
"""
