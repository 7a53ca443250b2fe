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


class Functions:
    def finish(self) -> None:
        self.said.append("finished")


@pytest.mark.parametrize(
    ("maps", "canvas", "said"),
    [
        ("libLLVM-15.so.1", True, ["current", "finished"]),
        ("libLLVM-15.so.1", False, ["finished"]),
        ("libGL.so.1", True, ["finished"]),
    ],
)
def test_where_mesa_draws_a_canvas_finishes_in_its_own_context(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, maps: str, canvas: bool, said: list[str]
) -> None:
    class Shared:
        @property
        def ref(self) -> SimpleNamespace:
            if not canvas:
                raise RuntimeError("No reference")
            return SimpleNamespace(_vispy_set_current=lambda: context.said.append("current"))

    class Context(Functions):
        said: list[str] = []  # noqa: RUF012 -- of the only context
        shared = Shared()

    (tmp_path / "maps").write_text(maps, encoding="utf-8")
    monkeypatch.setattr(mesa, "_MAPS", tmp_path / "maps")
    monkeypatch.setitem(sys.modules, "triton", sys)
    vispy = SimpleNamespace(GLContext=Context, BaseGlooFunctions=Functions)
    monkeypatch.setitem(sys.modules, "vispy.gloo.context", vispy)  # type: ignore[arg-type]
    mesa.work_around_mesa()
    context = Context()
    context.finish()
    assert context.said == said
