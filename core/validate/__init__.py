"""Business rules over values that came in: check digits, plausibility. Pure: text and numbers in, a verdict out."""
