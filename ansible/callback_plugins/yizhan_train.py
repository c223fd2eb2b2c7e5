"""What a play does on each host, as JSON lines for the program that drives it (manage.py rollout)."""

from __future__ import annotations

import json
import os
from typing import Any, Final

from ansible.plugins.callback import CallbackBase

DOCUMENTATION: Final = """
name: yizhan_train
type: notification
short_description: Writes what becomes of each host as JSON lines
description:
  - Appends one JSON object a line to the file named by the environment variable C(YIZHAN_TRAIN_EVENTS).
  - C(task) names a task that begins; C(failed) and C(unreachable) say where and why; C(end), one for each host, is
    its totals with what it was told to say by C(set_stats).
requirements:
  - enabled by ANSIBLE_CALLBACKS_ENABLED
"""

#: Of what a failing task says; the rest is in the log.
MOST_CHARACTERS: Final = 600


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible ships no types
    """Lines are whole and on the disk as soon as they are written: the reader follows while the play runs."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "yizhan_train"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._path = os.environ.get("YIZHAN_TRAIN_EVENTS", "")
        if not self._path:
            self.disabled = True

    def _say(self, event: str, **more: Any) -> None:
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, **more}, ensure_ascii=False) + "\n")

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._say("play", name=str(play.get_name()))

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._say("task", name=str(task.get_name()))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            task, message = str(_part(result, "task").get_name()), _message(_part(result, "result"))
            self._say("failed", host=_host(result), task=task, message=message)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._say("unreachable", host=_host(result), message=_message(_part(result, "result")))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        for host in sorted(stats.processed):
            self._say("end", host=host, counts=dict(stats.summarize(host)), said=dict(stats.custom.get(host, {})))


def _part(result: Any, name: str) -> Any:
    """Public names came with ansible-core 2.19; the older ones have an underscore."""
    return getattr(result, name) if hasattr(result, name) else getattr(result, f"_{name}")


def _host(result: Any) -> str:
    return str(_part(result, "host").get_name())


def _message(result: Any) -> str:
    """What the task says of its failure: its own message, and what its program wrote."""
    said = [str(result.get(name) or "").strip() for name in ("msg", "stderr", "stdout")]
    return " | ".join(dict.fromkeys(filter(None, said)))[:MOST_CHARACTERS]
