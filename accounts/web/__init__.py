"""What the pages of all applications share."""
