"""Where the tests stand; a test may set `current` to stand somewhere else."""

from __future__ import annotations

from core.domain.journal.place import Here, NotEnrolled

VILLAGE = Here(
    node="430321100200-01", epoch=1, tenant="430321100000", service_point="430321100200-01", division="430321100200",
    level="village", name="某村便民服务站", peers=frozenset({"core", "430321100000-01"}),
)  # fmt: skip
TOWN = Here(
    node="430321100000-01", epoch=1, tenant="430321100000", service_point="430321100000-01", division="430321100000",
    level="town", name="易俗河镇便民服务中心", peers=frozenset({"core", "430321100200-01"}),
)  # fmt: skip
HALL = Here(
    node="core", epoch=1, tenant="430321100000", service_point="430321100000-00", division="430321100000",
    level="town", name="易俗河镇政务服务大厅",
)  # fmt: skip

current: Here | None = VILLAGE


def here() -> Here:
    if current is None:
        raise NotEnrolled
    return current
