"""What waits at a counter: counted on the first page, listed, those due first; and the banner of a drill."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.counter import todo
from core.counter.timeline import day_words
from core.domain.cases import services
from core.domain.cases.intake import Handed
from core.domain.cases.selectors import case_state
from core.domain.cases.writing import work_calendar
from core.domain.journal import clock
from core.domain.journal.clock import today
from tests import place
from tests.domain import build
from tests.edge.counter_desk import desk
from tests.edge.counter_town import JOINT, act, later, opened, person, submitted, town

__all__ = ["desk", "later", "town"]


def cards(client) -> dict[str, tuple[int, bool]]:
    return {card.kind: (card.count, card.late) for card in part(client).context["cards"]}


def part(client):
    """What the first page asks for once it stands."""
    return client.get("/to-do/", headers={"HX-Request": "true"})


def listed(client, kind: str):
    answer = client.get(f"/to-do/{kind}/")
    assert answer.status_code == 200
    return [(row.waiting.id, row.names, row.waiting.text, row.waiting.due, row.waiting.light)
            for row in answer.context["rows"]]  # fmt: skip


def test_where_nothing_waits_the_first_page_has_no_cards_and_the_lists_say_so(town):
    client = person("clerk1")
    assert cards(client) == {}
    assert "Nothing was returned, nothing is late." in part(client).content.decode()
    for kind in todo.TITLES:
        assert "Nothing of this kind waits." in client.get(f"/to-do/{kind}/").content.decode()
    assert client.get("/to-do/nothing/").status_code == 404


def test_without_scripts_the_first_page_leads_to_the_first_list_that_has_something(desk):
    assert 'href="/to-do/"' in desk.get("/").content.decode()
    assert desk.get("/to-do/")["Location"] == "/to-do/returned/"
    services.case_submit(application=build.application(build.CARD), actor=build.AGENT)
    assert desk.get("/to-do/")["Location"] == "/to-do/deliver/"


def test_a_returned_case_waits_with_what_is_wrong_until_it_is_put_right(town):
    state, clerk = opened(), person("clerk1")
    services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="return", text="看不清", returned=("M01",))
    assert cards(clerk) == {"returned": (1, False)}
    due = work_calendar().working_day_after(today(), 10)
    assert listed(clerk, "returned") == [(state.id, ("身份证",), "看不清", due, "green")]
    act(clerk, state, "material", material="M01", how="original")
    assert cards(clerk) == {}


def test_a_case_returned_by_the_town_waits_at_the_village_that_took_it_in_too(desk, monkeypatch):
    state = services.case_submit(application=build.application(build.HOUSE), actor=build.AGENT)
    assert state.custodian == place.TOWN.node
    build.stand(monkeypatch, place.TOWN)
    services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="return", text="看不清", returned=("M01",))
    build.stand(monkeypatch, place.VILLAGE)
    assert cards(desk) == {"returned": (1, False)}


def test_a_material_that_is_to_follow_waits_from_the_day_before_and_is_late_the_day_after(town, later):
    due = today() + timedelta(days=3)
    handed = {"M01": Handed(how="received"), "M02": Handed(how="deferred", due=due)}
    state, clerk = opened(JOINT, materials=handed), person("clerk1")
    assert cards(clerk) == {}
    later(2)
    assert cards(clerk) == {"deferrals": (1, False)}
    later(2)
    assert cards(clerk) == {"deferrals": (1, True)}
    assert listed(clerk, "deferrals") == [(state.id, ("平面图",), "", due, "red")]
    assert "overdue" in part(clerk).content.decode()


def test_a_supplement_notice_waits_once_its_day_has_gone_by(town, later):
    state, clerk = submitted(), person("clerk1")
    services.supplement_request(case_id=state.id, actor=build.CLERK, lacking=("M01",))
    notice = case_state(state.id).supplement
    assert notice is not None and notice.due is not None
    later((notice.due - today()).days)
    assert cards(clerk) == {}
    later(1)
    assert cards(clerk) == {"supplements": (1, True)}
    assert listed(clerk, "supplements") == [(state.id, ("身份证",), "", notice.due, "red")]


def test_a_result_waits_with_the_last_day_to_hand_it_out(desk, later):
    state = services.case_submit(application=build.application(build.CARD), actor=build.AGENT)
    due = work_calendar().working_day_after(today(), 10)
    assert cards(desk) == {"deliver": (1, False)}
    (row,) = desk.get("/to-deliver/").context["rows"]
    assert (row.waiting.id, row.item_name, row.waiting.due, row.waiting.light) == (
        state.id, "老年人优待证办理", due, "green",
    )  # fmt: skip
    later((due - today()).days + 1)
    assert cards(desk) == {"deliver": (1, True)}


def test_an_urging_waits_until_it_is_answered_and_a_reminder_does_not(town):
    state, clerk = opened(), person("clerk1")
    services.case_urge(case_id=state.id, actor=build.CLERK, level="reminder", text="请留意")
    assert cards(clerk) == {}
    due = today() + timedelta(days=9)
    services.case_urge(case_id=state.id, actor=build.CLERK, level="urging", text="请尽快", due=due)
    assert listed(clerk, "urgings") == [(state.id, (), "请尽快", due, "green")]


def test_a_list_asks_the_database_as_often_for_many_cases_as_for_one(desk):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk.get("/to-deliver/")
        return len(queries)

    services.case_submit(application=build.application(build.CARD), actor=build.AGENT)
    one = asked()
    for _ in range(12):
        services.case_submit(application=build.application(build.CARD), actor=build.AGENT)
    assert asked() == one


def test_a_counter_with_very_many_cases_looks_at_those_due_first_and_says_so(desk, monkeypatch):
    monkeypatch.setattr(todo, "CASES_LOOKED_AT", 2)
    for _ in range(3):
        services.case_submit(application=build.application(build.CARD), actor=build.AGENT)
    assert cards(desk) == {"deliver": (2, False)}
    assert "This counter has very many open cases" in desk.get("/to-deliver/").content.decode()


def test_a_drill_says_on_every_page_that_its_times_are_not_real(desk, monkeypatch, tmp_path):
    assert "The times are not real" not in desk.get("/").content.decode()
    ahead = tmp_path / "ahead"
    ahead.write_text(str(40 * 24 * 3600 * 1000))
    real = today()
    monkeypatch.setenv(clock.TRAINING_CLOCK, str(ahead))
    words = f"The times are not real: here today is {day_words(real + timedelta(days=40))}."
    for path in ("/", "/items/", "/cases/", "/to-deliver/", f"/items/{build.CARD}/"):
        assert words in desk.get(path).content.decode()
