"""The verbs that move tokens. Each is one `Act` of one turn (see checkout.py)."""
