"""Banks and payment agents: registries of payments and account statements, read as the contract with each bank says.

There is no "format of a bank": columns, encoding, trailer and fee are agreed by contract, so each is a profile in ``config/banks`` and the
code knows layouts only. Reading is pure and streams: a file is checked as a whole first, and its rows are read again when they are wanted.
"""
