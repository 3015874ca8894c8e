"""Show times with their zone in English, on the site's own pages and in the admin (D22)."""

DATETIME_FORMAT = "j M Y, H:i T"
