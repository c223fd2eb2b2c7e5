"""A case each way: taken in at a village, decided at the county, handed out at the village; over their own pages."""

from __future__ import annotations

import json
from typing import Any, Final

from core.county.demo.world import PASSWORD
from tests.lab import Host

from ..stage import COUNTY_HOST, Site, Stage, StepFailed

#: 高龄津贴: accepted at the village, decided by the county.
ITEM: Final = "11430321DEM00001404430511001001"
#: From a village over its town to the county, or back.
TRAVEL_SECONDS: Final = 180
#: Made-up people: name, an ID number of nobody, a telephone number of the demo's.
PEOPLE: Final = (
    ("周满生", "43032119400101011X", "19900000001"),
    ("刘翠英", "430321194102020229", "19900000002"),
    ("陈有福", "430321194203030338", "19900000003"),
    ("王桂香", "430321194304040420", "19900000004"),
)
#: n4 takes the place of n2 when that is lost.
AGENTS: Final = {"n2": "chihu01", "n3": "jinxia01", "n4": "chihu01"}

#: Run by the Python of the node's version: what the person at the counter does in the browser there.
AT_COUNTER: Final = """
import json, random
from core.county.demo import day
from core.county.demo.browser import Browser
given = json.loads({given!r})
day.COUNTER_URLS = "edge_node.urls"
window = day.Window(place=given["place"], browser=Browser("http://127.0.0.1:8000"))
window.browser.login(given["staff"], given["password"])
"""
TAKE_IN: Final = """
from core.county.demo.filling import values_for
from core.county.demo.people import Person
from core.domain.catalogue.selectors import item_get
item = item_get(given["item"])
values = values_for(item, Person(*given["person"]), random.Random(1), given["place"])
print(window.hand_in(item, values))
"""
HAND_OUT: Final = """
name, number, _ = given["person"]
window.act(given["case"], "deliver", {{"how": "window", "receiver": name, "receiver_id": number}})
print(given["case"])
"""
LOOK_AT: Final = """
assert window.knows(given["case"], "高龄津贴")
print(given["case"])
"""
#: Where officers' browsers find the county's own authority.
CA_THERE: Final = "/etc/ssl/yizhan-ca.crt"
#: Run by the core's Python: the departments' officers empty their inboxes on the county's pages.
DECIDE: Final = """
import json
from core.county.demo.browser import Browser
from core.county.demo.day import Officer
from core.county.demo.desks import county_decides
from core.county.demo.stage import officers_of
from core.domain.catalogue.models import Department
given = json.loads({given!r})
officers = {{}}
for one in officers_of(list(Department.objects.order_by("uscc"))):
    officers[one.role, one.department] = officer = Officer(Browser(given["county"], ca=given["ca"]))
    officer.browser.login(one.code, given["password"])
print(county_decides(officers, lambda name, power: None))
"""
#: Ends well as soon as `known()` says so: nothing announces to a program from outside what a machine has heard.
AWAIT: Final = """
import sys, time
last = time.monotonic() + {seconds}
while not known():
    if time.monotonic() > last:
        sys.exit("not known after {seconds} s")
    time.sleep(0.5)
"""
NODE_KNOWS: Final = """
import json
from core.domain.cases.models import Case
given = json.loads({given!r})
def known():
    return Case.objects.filter(pk=given["case"], status=given["status"]).exists()
"""
CORE_KNOWS: Final = """
import io, json
from django.core.management import call_command
given = json.loads({given!r})
def known():
    said = io.StringIO()
    call_command("case_hashes", "--json", stdout=said)
    found = json.loads(said.getvalue())
    return all(found.get(case) == wanted if wanted else case in found for case, wanted in given.items())
"""


def cases(stage: Stage) -> None:
    """Taken in at a village, known to the county; decided there, known at the village; handed out, known to both."""
    site = stage.sites[1]
    case = stage.known["case"] = take_in(stage, site, PEOPLE[0])
    core_knows(stage, {case: ""})
    decide(stage)
    node_knows(stage, site, case, "completed")
    _at_counter(stage, site, HAND_OUT, case=case, person=PEOPLE[0])
    node_knows(stage, site, case, "delivered")
    core_knows(stage, node_hashes(stage.host(site), case))


def take_in(stage: Stage, site: Site, person: tuple[str, str, str]) -> str:
    """The id of a case that this person's application at the site's counter has begun."""
    return _at_counter(stage, site, TAKE_IN, person=person, item=ITEM)


def decide(stage: Stage) -> None:
    """The county's departments have decided all they were asked."""
    core = stage.core
    core.copy_in(stage.folder / "ca.crt", CA_THERE)
    core.run("chmod", "0644", CA_THERE)
    given = {"county": f"https://{COUNTY_HOST}", "ca": CA_THERE, "password": PASSWORD}
    acts = int(core_shell(stage, DECIDE, given).splitlines()[-1])
    if acts < 1:
        raise StepFailed("the county's inboxes were empty")


def core_knows(stage: Stage, cases: dict[str, str]) -> None:
    """The county's tenants have these cases with these hashes ("": any). Raises CommandFailed after a while."""
    core_shell(stage, CORE_KNOWS + AWAIT, cases)


def node_knows(stage: Stage, site: Site, case: str, status: str) -> None:
    """The node has the case in this state. Raises CommandFailed after a while."""
    node_shell(stage.host(site), NODE_KNOWS + AWAIT, {"case": case, "status": status})


def node_hashes(host: Host, *cases: str) -> dict[str, str]:
    """The hashes of these cases as the node has them; "missing" where it has none."""
    said = host.enter("/usr/local/sbin/yizhan-manage", "status", "--json", "--hashes")
    found: dict[str, str] = json.loads(said.splitlines()[-1])["hashes"]
    return {case: found.get(case, "missing") for case in cases}


def core_shell(stage: Stage, script: str, given: Any) -> str:
    """What the script printed, run by the core's own program."""
    return stage.core.run("yizhan-core", "shell", "--no-imports", "--command", _filled(script, given))


def node_shell(host: Host, script: str, given: Any) -> str:
    """What the script printed, run by the program of the node's version, at its console."""
    return host.enter("/usr/local/sbin/yizhan-manage", "shell", "--no-imports", "--command", _filled(script, given))


def _filled(script: str, given: Any) -> str:
    return script.format(given=json.dumps(given, ensure_ascii=False), seconds=TRAVEL_SECONDS)


def open_on_screen(stage: Stage, site: Site, case: str) -> None:
    """Somebody at the counter has the case's page open, as of now."""
    _at_counter(stage, site, LOOK_AT, case=case)


def _at_counter(stage: Stage, site: Site, script: str, **given: Any) -> str:
    given |= {"place": site.host, "staff": AGENTS[site.host], "password": PASSWORD}
    return node_shell(stage.host(site), AT_COUNTER + script, given).splitlines()[-1]
