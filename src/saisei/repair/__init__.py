"""Recovery without cells: the course of block, drive, muscle and sensation."""
