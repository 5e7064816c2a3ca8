"""Tests of the native stack that need no backend, no network and no build."""
