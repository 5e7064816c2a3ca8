"""Keeps the stock: holds goods for orders, gives them back, and counts them as sold."""
