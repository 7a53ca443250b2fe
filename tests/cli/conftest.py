"""The command line, run in this process."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens import cli


@pytest.fixture
def hemalens(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command and return its exit code: `hemalens("detect", image, "--out", folder)`."""

    def run(*arguments: str | Path) -> int:
        monkeypatch.setattr(sys, "argv", ["hemalens", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0)

    return run
