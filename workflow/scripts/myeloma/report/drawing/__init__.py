"""One module a figure of the molecular portrait: a table in, a matplotlib figure out.

They know nothing of the workflow (pandas and matplotlib only), so that the bundle of figures holds the same code.
"""
