"""A synthetic town of any size: the same facts as «Формат 4.0» archive or as records, for demos, load and benchmarks.

Nothing in it is real: organisations of region 00, people named «Тест…», addresses that do not exist. The same seed gives the same town.
"""
