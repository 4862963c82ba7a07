"""What would have happened without cells, and how sure we can be."""
