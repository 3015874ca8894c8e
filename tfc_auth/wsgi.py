"""The WSGI application for gunicorn and friends."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tfc_auth.settings")

application = get_wsgi_application()
