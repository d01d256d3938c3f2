"""Seeded generator of the demo cohort: a miniature genome, patients with planted truth, their reads and sheets.

It shares no code with the workflow: its truth is a second opinion.
"""
