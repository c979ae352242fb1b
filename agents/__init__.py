"""The desktop agent, and the simulator that drives a fleet of them through the same protocol core."""
