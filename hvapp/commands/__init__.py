"""What the longer hvapp commands do."""
