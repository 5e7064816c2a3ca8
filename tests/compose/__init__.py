"""Tests of compose.yaml: its text on every run, all of it in a Docker Engine where one is wanted."""
