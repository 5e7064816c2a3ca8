"""Made from inventory.proto; not edited by hand."""
