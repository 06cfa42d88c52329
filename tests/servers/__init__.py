"""Real servers for tests, as programs built from pinned Go modules: where they come from, and how they are run."""
