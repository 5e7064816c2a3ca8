"""Drills: a part is ended, blocked or starved under load, and every count must reconcile."""
