"""make load: two hundred people use the site at once. README.md tells more."""
