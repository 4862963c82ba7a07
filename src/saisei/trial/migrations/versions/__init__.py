"""One module for each layout of the store."""
