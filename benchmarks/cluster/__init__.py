"""Many workers on one list: what they get done, and what becomes of it when they die."""
