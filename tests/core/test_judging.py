"""What a node did is judged by the catalogue: powers it had that day, numbers it may give out."""

import pytest
from msgspec.structs import replace

from core.county.ingest.judging import judge
from core.county.registry.selectors import cards_forget
from core.domain.cases.merge import replay
from core.domain.cases.numbering import case_number
from core.domain.journal import bodies as b
from tenants.connection import connection
from tests import samples
from tests.core.registry_places import enrol, villages_make
from tests.domain import build

pytestmark = pytest.mark.django_db
NUMBER = case_number(service_point=samples.VILLAGE, day=samples.instant_day(), serial=1)
OPENED = replace(samples.BODIES["case.opened"], number=NUMBER, item_code=build.ALLOWANCE, item_version=1)


@pytest.fixture(autouse=True)
def county(tenant, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    build.catalogue()
    connection.set_schema_to_public()
    villages_make()
    cards_forget()
    enrol(samples.VILLAGE)
    connection.set_tenant(tenant)


def flags(*bodies: b.Body, author: str = samples.VILLAGE) -> list[tuple[str, str]]:
    entries = [samples.entry(1, OPENED, rev=1, author=author)]
    entries += [samples.entry(n, body, rev=n, author=author) for n, body in enumerate(bodies, 2)]
    state = replay(entries).state
    assert state is not None
    return [(entry.kind, reason) for entry, reason in judge([(state, entry) for entry in entries])]


def test_a_case_opened_under_a_number_of_its_own_counter_is_in_order():
    assert flags() == []


@pytest.mark.parametrize(
    "number",
    [case_number(service_point=samples.TOWN, day=samples.instant_day(), serial=1), "1", "4" * 25],
)
def test_a_number_of_another_counter_or_none_is_flagged(monkeypatch, number):
    monkeypatch.setitem(globals(), "OPENED", replace(OPENED, number=number))
    assert flags() == [("case.opened", "number_foreign")]


@pytest.mark.parametrize(
    "kind",
    ["opinion.recorded", "case.decided", "appointment.set", "clock.stopped", "clock.resumed", "extension.requested",
     "extension.declined", "deadline.extended"],
)  # fmt: skip
def test_an_act_that_needs_a_power_the_counter_does_not_have_is_flagged(kind):
    """The village may accept this item (服务前移), and no more."""
    assert flags(samples.BODIES[kind]) == [(kind, "no_authority")]


@pytest.mark.parametrize("kind", ["case.accepted", "case.refused", "supplement.requested", "case.withdrawn"])
def test_an_act_within_its_powers_is_not(kind):
    assert flags(samples.BODIES[kind]) == []
