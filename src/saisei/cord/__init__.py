"""The injured cord: its segments, and an injury as a sampled state."""
