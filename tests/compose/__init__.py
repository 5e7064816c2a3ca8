"""Tests of compose.yaml: its text always, all of it in a Docker Engine where one is wanted."""
