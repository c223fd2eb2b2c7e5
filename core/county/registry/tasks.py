"""The registry's job of every night: posts lent until yesterday are given back."""

import logging

from procrastinate.contrib.django import app

from .services import substitutions_clear

logger = logging.getLogger(__name__)


@app.periodic(cron="20 16 * * *")  # 00:20 in China: procrastinate counts in UTC
@app.task(name="registry.clear_substitutions", queue="tenants")
def clear_substitutions(timestamp: int) -> None:
    """Nodes forget the accounts of people who stood in there until yesterday."""
    cleared = substitutions_clear()
    if cleared:
        logger.info("%d people stand in for somebody no more", cleared)
