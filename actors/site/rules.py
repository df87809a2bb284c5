"""The border's rules at a moment, and the hours of a side."""

import datetime

from actors.site.model import RulesSection, Site

MINUTE_NS = 60 * 10**9
DAY_MIN = 24 * 60


class BorderRules:
    """The dated rules of a site, by time."""

    def __init__(self, site: Site) -> None:
        self._offset_ns = {
            name: round(side.utc_offset_h * 3600) * 10**9 for name, side in site.sides.items()
        }
        self.sides = tuple(site.sides)
        self.declarations = {name: side.declarations for name, side in site.sides.items()}
        first = self.sides[0]
        self._dated = sorted(
            (_midnight_ns(rules.since) - self._offset_ns[first], rules) for rules in site.clearance
        )
        self.scans = {entry.direction: entry.scan for entry in site.inspection}

    def at(self, now_ns: int) -> RulesSection:
        """The rules in force; before the first of them, those."""
        past = [rules for since_ns, rules in self._dated if since_ns <= now_ns]
        return past[-1] if past else self._dated[0][1]

    def is_hour(self, side: str, now_ns: int) -> bool:
        """Whether crossings may begin at this hour of a side's day."""
        rules = self.at(now_ns)
        minute = (now_ns + self._offset_ns[side]) // MINUTE_NS % DAY_MIN
        return _minutes(rules.opens) <= minute < _minutes(rules.closes)

    def called_max(self, side: str, now_ns: int) -> int | None:
        """How many trucks a side's yard takes at this hour; None: operators call each."""
        shifts = self.at(now_ns).shifts
        if not shifts:
            return None
        minute = (now_ns + self._offset_ns[side]) // MINUTE_NS % DAY_MIN
        fits = (s for s in shifts if _minutes(s.opens) <= minute < _minutes(s.closes))
        return max((shift.called_max for shift in fits), default=0)


def _midnight_ns(day: datetime.date) -> int:
    start = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
    return round(start.timestamp()) * 10**9


def _minutes(time_of_day: str) -> int:
    hours, minutes = time_of_day.split(":")
    return 60 * int(hours) + int(minutes)
