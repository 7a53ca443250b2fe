"""What a worker keeps."""

from napari_hemalens.cluster.worker import Kept


def test_a_thing_is_made_once() -> None:
    made: list[str] = []
    kept = Kept(2)
    for name in ("a", "b", "a", "b", "a"):
        assert kept.get(name, lambda name=name: made.append(name) or name.upper()) == name.upper()  # type: ignore[misc]
    assert made == ["a", "b"]


def test_what_was_not_used_for_longest_is_let_go() -> None:
    gone: list[str] = []
    kept = Kept(2, gone.append)
    for name in ("a", "b", "a", "c"):
        kept.get(name, lambda name=name: name)  # type: ignore[misc]
    assert gone == ["b"]
