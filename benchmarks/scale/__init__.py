"""Long lists, many lists, and starts."""
