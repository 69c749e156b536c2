"""Use cases. Each owns its transaction; none calls another."""
