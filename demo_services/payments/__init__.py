"""Takes money: charges, and gives it back."""
