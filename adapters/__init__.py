"""The outside world, one folder for each counterpart; what they share stands here: contract, xmlio, signing, format4."""
