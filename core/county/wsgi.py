"""The core's web application."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.county.settings")
# Before the settings are read: only the web server keeps a pool of connections.
os.environ.setdefault("YIZHAN_DB_POOL", "1")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
