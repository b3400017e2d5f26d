"""Calls to the platform: one transport, one policy for what to repeat, one method a call."""
