"""`python -m comb_compiler` is `comb`."""

import sys

from comb_compiler.cli import main

if __name__ == "__main__":
    sys.exit(main())
