"""One file for each business act, where the pure rooms meet the stores. Transactions are opened here and nowhere else.

Adapters, gateways and renderers come in as arguments: the core knows none of them.
"""
