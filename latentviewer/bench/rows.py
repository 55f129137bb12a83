"""One line of the benchmark."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A figure of ours beside a peer's or a limit, measured in one run.

    Attributes:
        name: what was measured. unit: of `ours` and `peer`.
        peer: the peer's figure or the limit's; None where there is none to measure.
        ratio: peer / ours where bigger is better for us, else ours / peer; see `goal`.
        goal: in words. met: whether it was reached; None without a goal or a peer.
    """

    name: str
    unit: str
    ours: float
    peer: float | None
    peer_name: str
    ratio: float | None
    goal: str
    met: bool | None
