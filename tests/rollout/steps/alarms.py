"""What a county's core tells of itself: each alert is caused, heard by its words, and ended."""

from __future__ import annotations

from typing import Any, Final

from tests.lab import CommandFailed, Host

from ..stage import Stage, StepFailed
from .backup import BACKUPS
from .cases import core_shell
from .install import FIRST_CORE
from .telling import ends, fires

#: Seconds and bytes, where a county waits for minutes, hours and days; a disk of 64 MB is full at 8.
SHORT: Final = {
    "grace": 2, "short_grace": 2, "hold": 4, "service_down": 5, "jobs_stuck": 5, "unwell": 3, "backup_tested": 90,
    "disk_full_in": 120, "disk_trend": 20, "disk_history": 5, "disk_floor": 8_000_000,
}  # fmt: skip
#: What a release with other working days leaves to the jobs: the town's days are worked out anew.
DEFER: Final = """
from core.county.publishing.services.dues import dues_refresh_defer
assert dues_refresh_defer()
"""
SERVICE_DOWN: Final = "县平台的服务 yizhan-jobs[.]service 已停 5 秒以上"
JOBS_STUCK: Final = r"县平台任务队列 \S+ 最早的任务已等待 \d+ 分钟，催办和时限提醒可能迟到"
DISK_FULL_SOON: Final = rf"县平台的磁盘 {BACKUPS} 按目前速度 2 分钟内写满，还剩 \d+ MB"
NO_BACKUP: Final = "县平台没有做成新的备份，手头一份也没有"
NO_NEW_BACKUP: Final = "县平台没有做成新的备份，最近一份是 0 小时前的"
NOT_TESTED: Final = "备份已 0 天没有试过恢复，各服务点因此什么都不敢清理"
TEST_FAILED: Final = "最近一次恢复演练没有成功：现有的备份也许恢复不了"

SMALL_DISK: Final = "/srv/small-disk"
FILLER: Final = f"{BACKUPS}/filler"
#: A host of the lab has no loop devices in its /dev, and may open them from its console all the same. It has not
#: everything either that Debian's installer puts on a machine.
DISK_PUT_IN: Final = f"""
for number in $(seq 0 63); do [ -e /dev/loop$number ] || mknod /dev/loop$number b 7 $number; done
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
command -v mke2fs >/dev/null || apt-get install --yes --quiet --quiet --no-install-recommends e2fsprogs
truncate -s 64M {SMALL_DISK}
mke2fs -q -t ext4 -m 0 {SMALL_DISK}
mount -o loop {SMALL_DISK} {BACKUPS}
chown yizhan:yizhan {BACKUPS}
chmod 0700 {BACKUPS}
"""
DISK_TAKE_OUT: Final = f"""
umount {BACKUPS}
rm {SMALL_DISK} /dev/loop*
"""
#: The figures of backups that went with their disk.
FORGET: Final = "rm -f /var/lib/yizhan/metrics/yizhan_backup*.prom /var/lib/yizhan/metrics/yizhan_restore_test*.prom"


def alarms(stage: Stage) -> None:
    """Services, jobs, disk, backups and restore tests raise their alarm, with their words, and end it when mended."""
    _watch(stage, core_watch_scrape_seconds=1, core_watch_thresholds=SHORT)
    stage.core.enter("sh", "-euc", DISK_PUT_IN)
    try:
        _service_stops(stage)
        _disk_fills(stage)
        _backup_fails_anew(stage)
        _archive_spoils(stage)
    finally:
        stage.core.enter("sh", "-euc", DISK_TAKE_OUT)
    stage.core.shell(FORGET)
    _watch(stage)


def _watch(stage: Stage, **variables: Any) -> None:
    """The core is watched with these variables, or as a county's is."""
    if not stage.play_well("core.yml", "core", tags="watch", **stage.wanted(FIRST_CORE), **variables)["core"].changed:
        raise StepFailed("other thresholds changed nothing")


def _service_stops(stage: Stage) -> None:
    """Whoever stopped it starts it again: the job that waited is done."""
    stage.core.run("systemctl", "stop", "yizhan-jobs.service")
    core_shell(stage, DEFER, {})
    fires(stage, "CoreServiceDown", SERVICE_DOWN)
    fires(stage, "JobsStuck", JOBS_STUCK)
    stage.core.run("systemctl", "start", "yizhan-jobs.service")
    ends(stage, "CoreServiceDown")
    ends(stage, "JobsStuck")


def _disk_fills(stage: Stage) -> None:
    """The disk of the backups fills; full, it takes no backup: there is none, until there is room again."""
    core = stage.core
    fires(stage, "CoreDiskFullSoon", DISK_FULL_SOON, meanwhile=f"head -c 300000 /dev/zero >>{FILLER}")
    core.shell(f"! cat /dev/zero >>{FILLER}")
    _unit_fails(core, "yizhan-backup.service", "No space left on device")
    fires(stage, "BackupFailed", NO_BACKUP)
    core.run("rm", FILLER)
    core.run("systemctl", "start", "yizhan-backup.service")
    ends(stage, "BackupFailed")
    ends(stage, "CoreDiskFullSoon")


def _backup_fails_anew(stage: Stage) -> None:
    """With one at hand the words say how old that is. Now the directory is another's, as after a copy made by root."""
    core = stage.core
    core.run("chown", "root:root", BACKUPS)
    _unit_fails(core, "yizhan-backup.service", "Permission denied")
    core.run("chown", "yizhan:yizhan", BACKUPS)
    fires(stage, "BackupFailed", NO_NEW_BACKUP)
    core.run("systemctl", "start", "yizhan-backup.service")
    ends(stage, "BackupFailed")


def _archive_spoils(stage: Stage) -> None:
    """None was tried; then the one that is tried is spoiled on the disk; a new one is good, and that ends both."""
    core = stage.core
    fires(stage, "BackupNotTested", NOT_TESTED)
    newest = core.run("yizhan-backup", "list").split()[-1]
    core.shell(f"printf spoiled | dd of={BACKUPS}/{newest}/database.dump.age bs=1 seek=400 conv=notrunc status=none")
    _unit_fails(core, "yizhan-restore-test.service", "is not what was written")
    fires(stage, "RestoreTestFailed", TEST_FAILED)
    core.run("systemctl", "start", "yizhan-backup.service")
    core.run("systemctl", "start", "yizhan-restore-test.service")
    ends(stage, "RestoreTestFailed")
    ends(stage, "BackupNotTested")


def _unit_fails(core: Host, unit: str, why: str) -> None:
    """The unit ends badly, for this reason and no other."""
    try:
        core.run("systemctl", "start", unit)
    except CommandFailed:
        said = core.run("journalctl", "--no-pager", "--output=cat", "--lines=60", f"--unit={unit}")
        if why not in said:
            raise StepFailed(f"{unit} did not fail for '{why}', but: {said[-2000:]}") from None
        return
    raise StepFailed(f"{unit} ended well")
