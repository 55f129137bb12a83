import gc

from PySide6.QtCore import QObject

from latentviewer.ui.garbage import GarbageTurns


def test_the_collector_is_taken_over_and_given_back() -> None:
    parent = QObject()
    turns = GarbageTurns(parent)
    assert not gc.isenabled()
    turns.stop()
    assert gc.isenabled()


def test_young_garbage_goes_at_the_next_turn() -> None:
    class Loop:
        pass

    parent = QObject()
    turns = GarbageTurns(parent)
    gone: list[str] = []
    import weakref

    loop = Loop()
    loop.itself = loop  # type: ignore[attr-defined]
    weakref.finalize(loop, gone.append, "gone")
    del loop
    assert gone == []
    turns._turn()
    assert gone == ["gone"]
    turns.stop()
