"""Recording: which requests are kept as samples, what nobody gets to see of them, and how they reach the store.

Its modules are imported by their names: what is hidden in logs is asked by every service, a recorder is had by some.
"""

__all__: tuple[str, ...] = ()
