"""Jobs of the public schema: provision a town, check references every night, take up what a dead worker left."""

import logging

from django.utils import timezone
from procrastinate.contrib.django import app

from tenants.jobs import jobs_resume_stalled
from tenants.models import ProvisioningRun
from tenants.orphans import references_check
from tenants.provisioning import run_perform
from tenants.selectors import PROVISION_TASK

logger = logging.getLogger(__name__)

QUEUE = "tenants"


@app.task(name=PROVISION_TASK, queue=QUEUE)
def provision(run: int) -> None:
    """The run is done, or says at which step it failed. The job holds no more than the run's number."""
    run_perform(ProvisioningRun.objects.get(pk=run))


@app.periodic(cron="10 19 * * *")  # 03:10 in China: procrastinate counts in UTC
@app.task(name="tenants.check_references", queue=QUEUE)
def check_references(timestamp: int) -> None:
    """What tenants refer to and public no longer knows is written down and logged."""
    check = references_check(at=timezone.now())
    if check.orphans:
        logger.error("%d references of %d tenants lead nowhere: see check_orphans", len(check.orphans), check.tenants)


@app.periodic(cron="*/2 * * * *")
@app.task(name="tenants.resume_jobs", queue=QUEUE)
def resume_jobs(timestamp: int) -> None:
    """Jobs a worker left when it was killed wait again."""
    for job in jobs_resume_stalled():
        logger.warning("job %d was left by a worker that died; it waits again", job)
