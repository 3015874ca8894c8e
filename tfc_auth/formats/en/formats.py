"""How English shows a time, on the site's own pages and in the admin: with its zone (D22)."""

DATETIME_FORMAT = "j M Y, H:i T"
