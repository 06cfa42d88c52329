"""The operators of this comb: `pictures` prepares, `digits` reads and decides."""
