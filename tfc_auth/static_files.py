"""Stop a server whose pages would all be errors, because nobody has run `collectstatic`."""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.exceptions import ImproperlyConfigured


def stop_without_static_files() -> None:
    """Raise ImproperlyConfigured if a static file of this release is not in STATIC_DIR."""
    storage: Any = staticfiles_storage
    if not isinstance(storage, ManifestFilesMixin):
        return  # they are served from their sources
    for finder in get_finders():
        for path, source in finder.list(StaticFilesConfig.ignore_patterns):
            name = f"{source.prefix}/{path}" if getattr(source, "prefix", "") else path
            if name not in storage.hashed_files:
                raise ImproperlyConfigured(
                    f"{settings.STATIC_ROOT} lacks static files of this release, such as {name}: run "
                    "manage.py collectstatic --noinput."
                )
