"""Which trucks are called forward to the yard: as many as its shift can take, perishables first.

A truck that has been overtaken for long goes before all others, so that nobody waits for ever.
While the other side is closed nobody is called: what cannot cross would only fill the yard.
"""

from actors.consignment.desk import Desk
from actors.consignment.record import Record
from actors.effects import Effect


def call_forward(desk: Desk, now_ns: int) -> list[Effect]:
    """Call the trucks whose turn it is; nothing where the site leaves that to its operators."""
    most = desk.rules.called_max(desk.side, now_ns)
    if most is None or not desk.may_begin(now_ns) or desk.is_other_closed(now_ns):
        return []
    called, waiting = 0, []
    for record in desk.book.records.values():
        if record.ended or not record.is_origin or "on_agv" in record.steps:
            continue
        if "called_forward" in record.steps:
            called += 1
        elif record.next == "called_forward" and not record.holds:
            waiting.append(record)
    overtaken_ns = round(desk.rules.at(now_ns).overtaken_h_max * 3600e9)

    def turn(record: Record) -> tuple[int, int]:
        came_ns = record.steps["declared"].at_ns
        if now_ns - came_ns > overtaken_ns:
            return 0, came_ns
        return (1 if record.declaration.perishable else 2), came_ns

    effects: list[Effect] = []
    for record in sorted(waiting, key=turn)[: max(most - called, 0)]:
        effects += desk.take(record, "called_forward", desk.system, "its turn", now_ns)
    return effects
