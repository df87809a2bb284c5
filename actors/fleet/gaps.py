"""Where one more trip fits: the earliest way through the gaps of all zones (SIPP over zones).

The way is searched together with the gaps: a state is a passage and a gap in which it can be
driven; of each, the earliest time counts, since a vehicle may wait in any zone until the next visit
there. Each visit is put after visits that end before it and before visits that begin after it. So
every wait points forward in projected time, and no circle of waits can come about, whatever the
times turn out to be. (M. Phillips, M. Likhachev: SIPP, ICRA 2011; bounds from reverse trees.)
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actors.fleet.kernels import NONE, Labels, grant, project, search
from actors.fleet.network import Network
from actors.fleet.timetable import Timetable

LABELS = 4096
"""States that a search can keep to begin with; they double when they are used up."""
NOWHERE = np.empty(0, np.float32)
"""For a way that need not lead through anywhere."""


class Way(NamedTuple):
    """A trip that fits."""

    passages: NDArray[np.int32]
    ahead: NDArray[np.int32]
    """(n, K): the stay before which each visit goes in its queue; `NONE`: at the end."""
    enter_s: NDArray[np.float64]
    """(n): when each is entered."""
    through: int
    """So many of its passages lie before the one at which it leads through."""
    arrive_s: float


def warm_up(network: Network) -> None:
    """Compile, or load, all loops of traffic now: no AGV ever waits for a compiler."""
    timetable = Timetable(network, 1)
    timetable.place_first(0, np.array([0], np.int32))
    project(timetable.net, timetable.rows, 0.0)
    Search(timetable).best(0, 0.0, (0,))
    grant(timetable.net, timetable.rows, 0, 1.0)
    [added] = timetable.append(
        0, np.array([0], np.int32), np.full((1, timetable.per_row), NONE, np.int32)
    )
    timetable.expect(0, [added], np.zeros(1))
    timetable.cut([added])
    timetable.clear_first(0, 0.0)


class Search:
    """Room to search in, kept from one search to the next."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self._searches = 0
        self._labels = self._room(LABELS)

    def best(
        self, vehicle: int, depart_s: float, goals: tuple[int, ...], through: tuple[int, ...] = ()
    ) -> Way | None:
        """The way on which a vehicle is soonest at the end of one of `goals`, to stay there.

        Goals are passages: those that end at one place, or the first one of a lane. If there are
        passages in `through`, the way leads through one of them.

        The vehicle's road must end where the trip is to begin. Times are those of a projection made
        before a cut: without what was cut, others can only be sooner, and none comes to wait for
        one that is later.
        """
        timetable = self._timetable
        while True:
            rows = timetable.rows
            gaps = len(rows.before) + len(rows.head)
            if self._labels.best_s.shape[1] <= gaps:
                self._labels = self._room(len(self._labels.passage))
            self._searches += 1
            found, passages, ahead, enter_s, before, arrive_s = search(
                timetable.net, rows, self._labels, self._searches, vehicle, depart_s,
                timetable.network.left_s(through) if through else NOWHERE,
                timetable.network.left_s(goals),
            )  # fmt: skip
            if found >= 0:
                return Way(passages, ahead, enter_s, before, arrive_s) if found else None
            self._labels = self._room(2 * len(self._labels.passage))

    def _room(self, labels: int) -> Labels:
        rows, net = self._timetable.rows, self._timetable.net
        gaps = len(rows.before) + len(rows.head)
        return Labels(
            passage=np.empty(labels, np.int32),
            parent=np.empty(labels, np.int32),
            leg=np.empty(labels, np.int32),
            enter_s=np.empty(labels),
            until_s=np.empty(labels),
            key=np.empty(labels, np.int32),
            column=np.empty(labels, np.int32),
            ahead=np.empty((labels, self._timetable.per_row), np.int32),
            best_s=np.empty((2, gaps + 1, net.widest)),
            searched=np.zeros((2, gaps + 1, net.widest), np.int32),
        )
