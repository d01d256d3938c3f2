"""Reads the units; writes results/alignments: one CRAM per sample, its measures and the gates.

WES and RNA stand apart because their aligners do; what comes later reads the kept CRAM only.
"""

# WES

# RNA
