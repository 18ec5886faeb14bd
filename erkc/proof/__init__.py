"""The proof package of a bill: what an auditor checks off line, without the centre and without this program."""
