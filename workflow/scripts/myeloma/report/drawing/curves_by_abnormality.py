"""Kaplan-Meier panels: time to event by presence of each abnormality of the primary family."""

from myeloma.report.drawing.kaplan_meier import panels
from myeloma.report.drawing.style import redraw


def draw(rows):
    """rows: FIGURE_CURVES (docs/tables.md): one row per panel, stratum and step of its curve."""
    return panels(rows, columns=3)


if __name__ == "__main__":
    redraw(__file__, draw)
