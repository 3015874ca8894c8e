"""Create the WSGI application of the site that DJANGO_SETTINGS_MODULE selects."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
