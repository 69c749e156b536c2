"""Everything that leaves for, or comes from, the red book."""
