"""A strict stand-in for the central red book, for demonstrations and tests. It is not the real red book."""
