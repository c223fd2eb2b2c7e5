"""What the core's own Prometheus and Alertmanager tell: an alert by its sentence, and its end."""

from __future__ import annotations

import json
from typing import Final

from ..stage import Stage

#: For a figure to be asked for, judged and handed on, at the pace of a county (30 s each, and a status each minute).
TOLD_SECONDS: Final = 240
#: Run by the core's Python: what a person's telephone would be told is what Alertmanager has, silenced or not. Ends
#: well as soon as it is so; what makes it so slowly is done once in every round.
LISTEN: Final = """
import json, re, subprocess, sys, time, urllib.request
given = json.loads(sys.argv[1])
began = time.monotonic()
while True:
    with urllib.request.urlopen("http://127.0.0.1:9093/api/v2/alerts", timeout=10) as page:
        told = [(one["labels"]["alertname"], one["annotations"]["summary"]) for one in json.load(page)]
    about = [words for alert, words in told if alert == given["alert"]]
    if given["ended"] and not any(re.fullmatch(given["words"], words) for words in about):
        break
    if not given["ended"] and any(re.fullmatch(given["words"], words) for words in about):
        break
    if time.monotonic() - began > given["seconds"]:
        sys.exit(f"{given['alert']} {'goes on' if given['ended'] else 'is not told'}; told is {told}")
    subprocess.run(["sh", "-euc", given["meanwhile"]], check=True)
    time.sleep(0.5)
print(f"{time.monotonic() - began:.0f} s")
"""


def fires(stage: Stage, alert: str, words: str, *, meanwhile: str = ":") -> None:
    """The alert is told with these words, from end to end. Raises CommandFailed with all that is told instead.

    `meanwhile` is a script of /bin/sh that is run on the core in every round until then.
    """
    _listen(stage, alert, words, ended=False, meanwhile=meanwhile)


def ends(stage: Stage, alert: str, words: str = ".*") -> None:
    """Nothing of these words is told any more. Raises CommandFailed."""
    _listen(stage, alert, words, ended=True, meanwhile=":")


def _listen(stage: Stage, alert: str, words: str, *, ended: bool, meanwhile: str) -> None:
    given = {"alert": alert, "words": words, "ended": ended, "meanwhile": meanwhile, "seconds": TOLD_SECONDS}
    took = stage.core.run("python3", "-", json.dumps(given), stdin=LISTEN).strip()
    with stage.desk.log.open("a", encoding="utf-8") as log:
        log.write(f"\n{alert} {'ends' if ended else 'fires'} after {took}\n")
