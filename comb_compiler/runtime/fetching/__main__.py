"""`python -m comb_compiler.runtime.fetching`."""

import sys

from comb_compiler.runtime.fetching.command import main

sys.exit(main())
