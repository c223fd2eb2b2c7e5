"""The node's web application; gunicorn serves it on the loopback address."""

import os

from django.core.wsgi import get_wsgi_application

from edge_node.memory import memory_modest

memory_modest()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edge_node.settings")
application = get_wsgi_application()
