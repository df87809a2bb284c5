"""Where the boundary lies on the map."""

import math
from itertools import pairwise

from actors.site.model import Point, Site
from actors.site.roadmap import Roadmap


def border_point(site: Site, roadmap: Roadmap) -> Point | None:
    """The point of the middle lane that lies `border_m` from the western yard [m]; None if none."""
    west = next(iter(site.sides))
    ways = [way for way in roadmap.lane_ways if way.from_side == west and way.edges]
    if not ways:
        return None
    lane = ways[len(ways) // 2].edges
    # Lanes begin and end a little inside the road: their mouths take from both of its ends alike.
    mouth_m = (site.road.length_m - sum(roadmap.edges[name].length_m for name in lane)) / 2
    left_m = site.road.border_m - mouth_m
    for name in lane:
        for (x0, y0), (x1, y1) in pairwise(roadmap.edges[name].points):
            length_m = math.hypot(x1 - x0, y1 - y0)
            if length_m > 0 and left_m <= length_m:
                share = left_m / length_m
                return (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
            left_m -= length_m
    return None
