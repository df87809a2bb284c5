"""Grid maps of benchmarks become roadmaps; malformed ones are refused with line and reason."""

import pytest

from sim.grid_map import GridMapError, read_grid, read_map

SMALL = "type octile\nheight 2\nwidth 3\nmap\n..@\nT..\n"
HEAD = "Grid size (x, y)\n2,2\nid,type,station,x,y,N,W,S,E,WAIT\n"
CIRCLE = (
    f"{HEAD}0,Induct,1000,0,0,1,inf,inf,inf,1\n1,Travel,None,0,1,inf,inf,inf,1,1\n"
    "2,Eject,10000,1,0,inf,1,inf,inf,1\n3,Travel,None,1,1,inf,inf,1,inf,1\n"
)


def test_in_a_map_every_free_neighbour_can_be_reached_and_nothing_else():
    read = read_map(SMALL)
    assert set(read.kinds) == {(0, 0), (1, 0), (1, 1), (2, 1)}
    there = {((0, 0), (1, 0)), ((1, 0), (1, 1)), ((1, 1), (2, 1))}
    assert set(read.moves) == there | {(end, start) for start, end in there}


def test_in_a_grid_cells_are_left_only_in_the_directions_with_a_finite_weight():
    read = read_grid(CIRCLE)
    assert read.kinds[0, 0] == "Induct"
    assert read.kinds[1, 0] == "Eject"
    assert set(read.moves) == {
        ((0, 0), (0, 1)), ((0, 1), (1, 1)), ((1, 1), (1, 0)), ((1, 0), (0, 0))
    }  # fmt: skip


def test_a_move_takes_one_second_and_holds_the_cell_it_leads_to():
    roadmap = read_grid(CIRCLE).roadmap()
    for edge in roadmap.edges.values():
        assert edge.zone == edge.end
        assert edge.length_m / edge.speed_mps == 1.0
    assert len(roadmap.edges) == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SMALL.replace("height 2", "height 3"), "2 rows, allowed: 3"),
        (SMALL.replace("width 3", "width many"), "line 3: given many"),
        (SMALL.replace("T..", "T.#"), "line 6: given T.#"),
        (SMALL.replace("T..", "T."), "line 6: given T."),
        (SMALL.replace("map", "chart"), "line 4: given chart"),
        ("height 2\nmap\n..\n..\n", "not all there"),
        ("", "not all there"),
    ],
)
def test_malformed_maps_are_refused_with_line_and_what_is_allowed(text: str, told: str):
    with pytest.raises(GridMapError, match=told):
        read_map(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CIRCLE.replace("2,2", "2;2"), "line 2: given 2;2"),
        (CIRCLE.replace("2,2", "2,3"), "4 cells, allowed: 6"),
        (CIRCLE.replace("Eject", "Exit"), "line 6: .*Induct, Eject"),
        (CIRCLE.replace("None,0,1", "None,1,1"), "line 5: given 1,1, allowed: x,y 0,1"),
        (CIRCLE.replace("0,0,1,inf", "0,0,fast,inf"), "line 4: given fast"),
        (CIRCLE.replace("0,0,1,inf", "0,0,1,1"), "line 4: given a move from"),
        (CIRCLE.replace("Eject,10000", "Obstacle,None"), "line 7: given a move from"),
        ("", "line 2"),
    ],
)
def test_malformed_grids_are_refused_with_line_and_what_is_allowed(text: str, told: str):
    with pytest.raises(GridMapError, match=told):
        read_grid(text)
