"""The query API and the page, on one port."""
