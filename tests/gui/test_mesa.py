import sys
from pathlib import Path

import pytest

from napari_hemalens.gui import llvm


@pytest.mark.parametrize(
    ("maps", "hidden"), [("7f00 r-xp /usr/lib/libLLVM-15.so.1", True), ("7f00 r-xp /usr/lib/libGL.so.1", False)]
)
def test_triton_is_hidden_only_beside_another_llvm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, maps: str, hidden: bool
) -> None:
    (tmp_path / "maps").write_text(maps, encoding="utf-8")
    monkeypatch.setattr(llvm, "_MAPS", tmp_path / "maps")
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    llvm.keep_triton_out()
    assert ("triton" in sys.modules) is hidden
    sys.modules.pop("triton", None)


def test_triton_that_is_loaded_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "maps").write_text("libLLVM-15.so.1", encoding="utf-8")
    monkeypatch.setattr(llvm, "_MAPS", tmp_path / "maps")
    monkeypatch.setitem(sys.modules, "triton", sys)
    llvm.keep_triton_out()
    assert sys.modules["triton"] is sys
