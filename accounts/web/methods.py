"""The HTTP methods of pages: GET changes nothing, POST acts."""

from django.views.decorators.http import require_http_methods

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
