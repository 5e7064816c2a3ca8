"""Tests of compose.yaml: its text on every run, and the whole of it in a Docker Engine where one is wanted."""
