"""Published standards of examination. Imports nothing of ours but `errors`."""
