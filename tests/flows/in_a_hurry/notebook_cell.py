"""Runs a cell as a notebook does: it may await at its top, and a loop is running all the time."""

import ast
import asyncio
import sys


async def main() -> None:
    """Run the cell that standard input holds."""
    code = compile(sys.stdin.read(), "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    waits = eval(code, {"__name__": "__main__"})
    if waits is not None:
        await waits


if __name__ == "__main__":
    asyncio.run(main())
