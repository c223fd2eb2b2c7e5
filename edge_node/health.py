"""The health page of a node: this process answers, reaches its database, and says which version it is."""

from django.db import connection
from django.http import HttpRequest, JsonResponse

from .version import VERSION


def health(request: HttpRequest) -> JsonResponse:
    """200 with the version that answers; raises OperationalError when the database cannot be read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_migrations")
        cursor.fetchone()
    return JsonResponse({"status": "ok", "version": VERSION})
