"""An item that is decided on the spot, with something to follow."""

from datetime import date

import pytest

from core.domain.cases import services
from core.domain.cases.deadlines import DONE, GREEN
from core.domain.cases.selectors import case_ledger
from core.domain.journal.bodies import LimitValue
from tests.domain.acts import on
from tests.domain.build import REVIEWER
from tests.domain.county import AT_ONCE, M03_OWED, accepted, decide

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("county_hall")]


def test_it_promises_its_legal_limit_because_on_the_spot_cannot_be_kept():
    state = accepted(AT_ONCE, materials=M03_OWED)
    assert (state.status, state.promised) == ("accepted", LimitValue(value=20, unit="working_day"))
    assert case_ledger(state, today=date(2026, 11, 9))["promised"].light == GREEN


def test_once_it_is_in_the_case_is_decided_and_done_in_time():
    state = accepted(AT_ONCE, materials=M03_OWED)
    services.material_receive(case_id=state.id, actor=REVIEWER, material="M03", how="copy", at=on("2026-11-09"))
    done = decide(state, at=on("2026-11-09", 10))
    assert case_ledger(done, today=date(2026, 11, 20))["promised"].light == DONE
