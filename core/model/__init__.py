"""Values that rooms hand to each other: record bodies, findings, facts of a house, bill content. Frozen, without behaviour.

Scales stand in the names: ``_e2`` is hundredths, ``_e3`` thousandths, ``_e6`` millionths; money is kopecks.
"""
