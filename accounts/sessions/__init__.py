"""Sessions and remembered browsers."""
