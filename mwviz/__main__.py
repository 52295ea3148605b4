"""`python -m mwviz`."""

from mwviz.cli import main

main()
