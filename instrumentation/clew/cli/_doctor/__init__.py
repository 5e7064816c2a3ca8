"""The checks of `clew doctor`, each in the file of what it looks at."""
