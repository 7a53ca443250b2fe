import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from napari_hemalens.gui import mesa


@pytest.mark.parametrize(
    ("maps", "hidden"), [("7f00 r-xp /usr/lib/libLLVM-15.so.1", True), ("7f00 r-xp /usr/lib/libGL.so.1", False)]
)
def test_triton_is_hidden_only_beside_another_llvm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, maps: str, hidden: bool
) -> None:
    (tmp_path / "maps").write_text(maps, encoding="utf-8")
    monkeypatch.setattr(mesa, "_MAPS", tmp_path / "maps")
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    mesa.work_around_mesa()
    assert ("triton" in sys.modules) is hidden
    sys.modules.pop("triton", None)


def test_triton_that_is_loaded_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "maps").write_text("libLLVM-15.so.1", encoding="utf-8")
    monkeypatch.setattr(mesa, "_MAPS", tmp_path / "maps")
    monkeypatch.setitem(sys.modules, "triton", sys)
    mesa.work_around_mesa()
    assert sys.modules["triton"] is sys


@pytest.mark.parametrize(("maps", "kept"), [("libLLVM-15.so.1", True), ("libGL.so.1", False)])
def test_programs_are_kept_only_where_mesa_draws(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, maps: str, kept: bool
) -> None:
    class Program:
        def delete(self) -> None:
            deleted.append(self)

    deleted: list[Program] = []
    (tmp_path / "maps").write_text(maps, encoding="utf-8")
    monkeypatch.setattr(mesa, "_MAPS", tmp_path / "maps")
    monkeypatch.setitem(sys.modules, "triton", sys)
    monkeypatch.setitem(sys.modules, "vispy.gloo.glir", SimpleNamespace(GlirProgram=Program))  # type: ignore[arg-type]
    mesa.work_around_mesa()
    Program().delete()
    assert (deleted == []) is kept
