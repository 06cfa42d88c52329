"""`python -m comb_compiler` is `comb`, which imports nothing from where it is run: there may be anybody's code."""

import os
import sys

if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
        del sys.path[0]
    from comb_compiler.cli import main

    sys.exit(main())
