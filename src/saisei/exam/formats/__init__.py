"""Readers and writers of other programs' exam files. The only part of `exam` that may import a table library."""
