"""A backup, a core that lost everything, and the county as its nodes know it again."""

from __future__ import annotations

from typing import Final

from ..stage import Stage, StepFailed
from .cases import PEOPLE, core_knows, decide, node_hashes, node_knows, take_in

BACKUPS: Final = "/var/backups/yizhan"
BROUGHT: Final = "/srv/yizhan-backups"
IDENTITY: Final = "/srv/operator.key"
#: docs/operations.md, "Restore"; what the core had is really gone, not put aside.
LOSE: Final = f"""
systemctl stop yizhan-core-web.socket yizhan-core-web yizhan-ingest yizhan-jobs yizhan-hub
runuser -u postgres -- dropdb --force yizhan
runuser -u postgres -- createdb --owner=yizhan --template=template0 --encoding=UTF8 --locale=C.UTF-8 yizhan
rm -r /var/lib/yizhan/core {BACKUPS}
install -d -o yizhan -g yizhan -m 0700 /var/lib/yizhan/core {BACKUPS}
"""
RESTORE: Final = """
chown -R yizhan:yizhan {brought} {identity}
yizhan-backup restore {brought}/{mark} --identity {identity}
yizhan-core recover
systemctl start yizhan-hub yizhan-ingest
rm {identity}
"""
OPEN_AGAIN: Final = "systemctl start yizhan-core-web.socket yizhan-core-web yizhan-jobs"


def backup(stage: Stage) -> None:
    """What was written before and after the backup is at the county again, and a new case goes its way."""
    mark = _made(stage)
    first, second = stage.sites[1:]
    late = take_in(stage, second, PEOPLE[1])
    core_knows(stage, {late: ""})
    decide(stage)
    node_knows(stage, second, late, "completed")
    wanted = node_hashes(stage.host(first), stage.known["case"])
    wanted |= node_hashes(stage.host(second), late)
    core_knows(stage, wanted)
    _lost_and_restored(stage, mark)
    core_knows(stage, wanted)
    stage.core.shell(OPEN_AGAIN)
    newest = take_in(stage, first, PEOPLE[2])
    core_knows(stage, {newest: ""})
    decide(stage)
    node_knows(stage, first, newest, "completed")


def _made(stage: Stage) -> str:
    """The mark of a backup that was tried, and carried away from the core."""
    stage.core.run("yizhan-backup", "make")
    tried = stage.core.run("yizhan-backup", "test")
    mark = stage.core.run("yizhan-backup", "list").split()[-1]
    if mark not in tried:
        raise StepFailed(f"{mark} is the newest backup, and tried was: {tried}")
    stage.core.copy_out(BACKUPS, stage.folder / "backups")
    return mark


def _lost_and_restored(stage: Stage, mark: str) -> None:
    core, identity = stage.core, stage.folder / "operator.key"
    core.shell(LOSE)
    identity.write_text(stage.known["backup_identity"] + "\n", encoding="ascii")
    core.copy_in(stage.folder / "backups", BROUGHT)
    core.copy_in(identity, IDENTITY)
    core.shell(RESTORE.format(brought=BROUGHT, identity=IDENTITY, mark=mark))
