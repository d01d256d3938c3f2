"""Reads alignments and references; writes results/calls: somatic variants, copy number, translocations."""

# Somatic variants

# Copy number

# Translocations
