"""make bench-scale: how the cost of each thing grows with what is stored. README.md tells more."""
