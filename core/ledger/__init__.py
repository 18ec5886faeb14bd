"""The ledger: append-only entries with two-sided postings, charge calculations, months, derived balances.

Nothing here is updated or deleted: the application's role has no right to. A correction is another entry in the open month.
"""
