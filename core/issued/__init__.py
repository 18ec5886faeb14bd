"""Issued documents: numbers, versions, contents with their hashes, and the files rendered from them. Rows are only added."""
