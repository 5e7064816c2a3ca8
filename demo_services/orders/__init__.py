"""Takes orders and sees each through: goods held, paid for, confirmed; or all of it taken back."""
