"""What each field of comb.yaml and platform.yaml changes in what is rendered, found by changing it."""
