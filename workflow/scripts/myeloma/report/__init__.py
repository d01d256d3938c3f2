"""The report for clinicians: one HTML file that needs no network and runs no text of the sheets as code."""
