"""Where hosts cannot be made, these tests say why and are passed over."""

import pytest

from tests.lab import obstacles


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "hosts: makes real hosts, which takes root and a few Debian packages")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this directory only: the hook is called with everything that was collected."""
    found = obstacles()
    if not found:
        return
    reason = "no hosts can be made here: " + "; ".join(found)
    for item in items:
        if "tests/rollout/" in item.path.as_posix() and "hosts" in item.keywords:
            item.add_marker(pytest.mark.skip(reason=reason))
