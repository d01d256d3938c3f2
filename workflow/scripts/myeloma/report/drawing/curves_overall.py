"""Kaplan-Meier panels: TTP, PFS and OS of all patients, TTP by response group from the landmark."""

from myeloma.report.drawing.kaplan_meier import panels
from myeloma.report.drawing.style import redraw


def draw(rows):
    """rows: FIGURE_CURVES (docs/tables.md): one row per panel, stratum and step of its curve."""
    return panels(rows, columns=2)


if __name__ == "__main__":
    redraw(__file__, draw)
