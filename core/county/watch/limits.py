"""From when on the watch calls a machine quiet or silent, an entry waiting and a case due soon: each figure once.

Pages and their words, the exporter, Prometheus' rules (monitoring.thresholds) and Grafana's dashboards take them from
here. Pure and with nothing but the standard library: rules are rendered where no Django is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Seconds. Of a machine unheard of for as long only what stays true is shown as true (settings.NODE_STALE_SECONDS).
STALE_S: Final = 15 * 60
#: Seconds. At night a village switches its machine off: only after a day it is silent (settings.NODE_SILENT_SECONDS).
SILENT_S: Final = 24 * 60 * 60
#: Seconds. An entry of a machine in contact is on its way for less than this (settings.NODE_WAITING_SECONDS).
WAITING_S: Final = 60 * 60
#: Working days after today within which a case is due soon.
DUE_SOON_DAYS: Final = 2


@dataclass(frozen=True)
class Limits:
    """Seconds from which a machine counts as stale, as silent, and an entry as waiting."""

    stale_s: int = STALE_S
    silent_s: int = SILENT_S
    waiting_s: int = WAITING_S
