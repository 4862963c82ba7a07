"""What others have published: trials and natural-history tables, as sourced documents that nothing changes."""
