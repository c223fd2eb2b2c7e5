"""What holds for every page: Chinese unless somebody chose otherwise, and a refusal is a page in words."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation

from core.domain.cases.errors import CaseUnknown
from core.domain.catalogue.selectors import ItemUnknown
from core.domain.journal.place import NotEnrolled
from core.transport.errors import DiskFull

from .access import NoRoleHere
from .refusals import disk_full, forbidden, not_enrolled, not_found

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """The page is in the language chosen with the switch, else in Simplified Chinese.

    Not by the browser's Accept-Language: the PCs of village counters are set up in every way.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        known = dict(settings.LANGUAGES)
        language = chosen if chosen in known else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class RefusalMiddleware:
    """What a view could not do for a reason people can act on is answered by a page that names reason and remedy."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, NotEnrolled):
            return not_enrolled(request)
        if isinstance(error, NoRoleHere):
            return forbidden(request, place=error.place)
        if isinstance(error, CaseUnknown | ItemUnknown):
            return not_found(request, Http404(str(error)))
        if _is_full_disk(error):
            logger.error("the disk is full: %s refused", request.path)
            return disk_full(request)
        return None


def _is_full_disk(error: Exception) -> bool:
    if isinstance(error, DiskFull):
        return True
    if isinstance(error, OperationalError):
        return "disk is full" in str(error)
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
