"""Jobs of the catalogue, in the tenant they were deferred for."""

import logging

from procrastinate.contrib.django import app

from core.county.publishing.services.dues import REFRESH_TASK
from core.domain.cases.redue import cases_due_refresh

logger = logging.getLogger(__name__)

QUEUE = "catalogue"


@app.task(name=REFRESH_TASK, queue=QUEUE)
def refresh_dues(tenant_schema: str) -> None:
    """The tenant's open cases, and the departments' inbox with them, are due by the calendar in force."""
    logger.info("%d open cases of %s are due by the calendar in force", cases_due_refresh(), tenant_schema)
