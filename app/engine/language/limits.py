"""How much one expression or script may be and do. Each bound is far above what the shipped processes need."""

from __future__ import annotations

# -- what is written
MAX_SOURCE = 4_000  # characters: more is not readable, and Python's parser then needs at most half a megabyte of stack
MAX_NODES = 600  # parts of one text: the work between two charges to the budget is at most this
MAX_DEPTH = 40  # nesting: far from Python's own recursion limit, whatever calls us
MAX_NAME = 80  # characters of a name: it is repeated in messages and compared with others

# -- what it does
MAX_WORK = 200_000  # units, about a quarter of a second: a turn of 2,000 steps has 5 seconds
CALL_WORK = 100  # units for a function from outside: it may read the database
MAX_ITEMS = 10_000  # of one list made here: the largest lists in real data have some hundreds
MAX_CHARACTERS = 100_000  # of one text made here: a long report has 20,000
MAX_BITS = 63  # of a whole number: what JSON readers and databases hold
MAX_EXPONENT = 300  # of a decimal: a float's range; a decimal may have a million digits before its point
MAX_DECIMALS = 20  # round(): more digits than a float has
MAX_NUMBER_TEXT = 40  # characters that int() and float() read: longer than any number of 63 bits
MAX_SPAN_DAYS = 36_600  # days(), hours(): a century, as in deadlines

# -- what comes out (depth and number of values: app.engine.running.plain, the border of all process data)
MAX_OUT_CHARACTERS = 1_000_000  # in all: the state of an instance is written with every step

# -- what is kept
MAX_CACHED = 1_000  # translated texts, of 2 KB as a rule and 80 KB at most: those of a city's processes
MAX_LOGGED = 200  # characters of a refused text in the log
