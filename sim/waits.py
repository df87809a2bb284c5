"""Is there a circle of waits? An independent answer, from the roads and the queues alone."""

from itertools import pairwise

import rustworkx as rx


def circular(
    roads: dict[str, list[int]],
    orders: list[list[tuple[str, int]]],
    leaves_in: dict[tuple[str, int], int] | None = None,
) -> bool:
    """Whether some visits wait for each other in a circle.

    Args:
        roads: By vehicle, the `seq` of its visits that are planned and not cleared, in order.
        orders: Of each zone, (vehicle, `seq`) in the order in which it is to be passed.
        leaves_in: Of a (vehicle, `seq`), in which visit the front is when the rear leaves it; the
            next one, unless given. Where zones are shorter than vehicles it is a later one.

    A visit waits for the one before it on its vehicle's road; and for the vehicle before it in the
    zone to be in the visit in which its rear leaves it.
    """
    leaves_in = leaves_in or {}
    graph: rx.PyDiGraph[None, None] = rx.PyDiGraph()
    node = {(vehicle, seq): graph.add_node(None) for vehicle, seqs in roads.items() for seq in seqs}
    for vehicle, seqs in roads.items():
        for before, after in pairwise(seqs):
            graph.add_edge(node[vehicle, after], node[vehicle, before], None)
    for order in orders:
        for (first, seq), (second, later) in pairwise(order):
            leaves = node.get((first, leaves_in.get((first, seq), seq + 1)))
            if first != second and leaves is not None and (second, later) in node:
                graph.add_edge(node[second, later], leaves, None)
    return not rx.is_directed_acyclic_graph(graph)
