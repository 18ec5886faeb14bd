"""Schemas of every counterpart: message tables, the schemas generated from them, and the catalogue that finds and compiles them."""
