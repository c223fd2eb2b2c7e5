"""The health page: answers ok when this process reaches its database."""

from django.db import connection
from django.http import HttpRequest, JsonResponse


def health(request: HttpRequest) -> JsonResponse:
    """200 with the schema served under this host name; raises OperationalError when the database is away."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        row = cursor.fetchone()
    return JsonResponse({"status": "ok", "schema": row[0] if row else None})
