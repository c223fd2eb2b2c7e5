"""Tenants, their host names and service points, and the record of how each came to be. Public schema."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin

SCHEMA_PREFIX = "t_"


def schema_name_of(tenant_code: str) -> str:
    """The schema of the tenant with this code."""
    return SCHEMA_PREFIX + tenant_code


class Kind(models.TextChoices):
    """What sort of hall a tenant is the jurisdiction of."""

    COUNTY = "county", _("County hall")
    TOWN = "town", _("Town or street")
    PARK = "park", _("Park")


class Tenant(TenantMixin):  # type: ignore[misc]
    """A jurisdiction with its own hall; its rows live in a schema of its own."""

    auto_create_schema = False  # tenants.provisioning builds it from the migrations' own SQL
    auto_drop_schema = False

    code = models.CharField(max_length=12, unique=True)  #: division code of the hall
    name = models.CharField(max_length=100)
    hall_name = models.CharField(max_length=100)  #: as printed on receipts
    kind = models.CharField(max_length=10, choices=Kind)
    slug = models.SlugField(max_length=50, unique=True)  #: first label of its host name
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(code__regex=r"^\d{12}$"), name="tenant_code_is_12_digits")]

    def __str__(self) -> str:
        return self.name


class Domain(DomainMixin):  # type: ignore[misc]
    """A host name a tenant answers to."""


class ServicePointKind(models.TextChoices):
    """Where the counter stands."""

    HALL = "hall", _("Service hall")
    VILLAGE = "village", _("Village service point")
    PARK = "park", _("Park service point")


class Level(models.TextChoices):
    """The level of the division a service point belongs to."""

    COUNTY = "county", _("County")
    TOWN = "town", _("Town")
    VILLAGE = "village", _("Village")


#: The level a hall decides at.
HALL_LEVELS = {Kind.COUNTY: Level.COUNTY, Kind.TOWN: Level.TOWN, Kind.PARK: Level.TOWN}


#: Degrees; what lies outside is no place in China but a slip: the two exchanged, or a decimal point lost.
LONGITUDES = (Decimal(73), Decimal(136))
LATITUDES = (Decimal(3), Decimal(54))


class ServicePoint(models.Model):
    """A counter: its code is also the code of the node that may stand there."""

    code = models.CharField(max_length=15, primary_key=True)  #: "<12-digit division>-<2-digit station>"
    tenant_code = models.CharField(max_length=12, db_index=True)
    division = models.CharField(max_length=12, db_index=True)
    level = models.CharField(max_length=10, choices=Level)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=ServicePointKind)
    active = models.BooleanField(default=True)
    #: Where it stands, in degrees east and north: both or neither (tenants.positions), in the county's own system.
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^\d{12}-\d{2}$"), name="service_point_code_form"),
            models.CheckConstraint(
                # Said of null too: a check whose answer is unknown passes.
                condition=Q(longitude=None, latitude=None)
                | Q(longitude__isnull=False, longitude__range=LONGITUDES)
                & Q(latitude__isnull=False, latitude__range=LATITUDES),
                name="service_point_position",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StepState(models.TextChoices):
    """How far one step of a provisioning is."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class ProvisioningRun(models.Model):
    """One attempt, with its resumptions, to make a town a tenant; the page and the command show its steps."""

    tenant_code = models.CharField(max_length=12, db_index=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  #: set when every step is done
    steps = models.JSONField(default=list)  #: see provisioning.Step
    order = models.JSONField(default=dict)  #: what is to be made: provisioning.Order

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_code"], condition=Q(ended_at=None), name="one_open_provisioning_run_per_tenant"
            )
        ]

    def __str__(self) -> str:
        return f"{self.tenant_code} {self.started_at:%Y-%m-%d %H:%M}"


class ReferenceCheck(models.Model):
    """What a check of all tenants' references to public codes found (tenancy.md, decision 2)."""

    at = models.DateTimeField()
    tenants = models.PositiveIntegerField()  #: how many were read
    orphans = models.JSONField(default=list)  #: see orphans.Orphan

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {len(self.orphans)}"


class Outline(models.Model):
    """The border the map of the service points is drawn in, as `import_outline` read it; one for the county."""

    code = models.CharField(max_length=12, primary_key=True)  #: the county's division code
    #: Closed lines of [degrees east, degrees north], in the same system as the positions.
    rings = models.JSONField(default=list)
    imported_at = models.DateTimeField()
    imported_by = models.CharField(max_length=32, default="", blank=True)

    def __str__(self) -> str:
        return f"{self.code}: {len(self.rings)}"
