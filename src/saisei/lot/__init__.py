"""Product lots of neural progenitors: making, hidden truth, release testing. Never releases a lot."""
