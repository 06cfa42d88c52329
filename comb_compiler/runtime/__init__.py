"""What runs a comb: the SDK for operator code (here), the engine that runs an ExecutionPlan, and channels.

Nothing here needs the compiler.
"""

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.declaration import BadOperator
from comb_compiler.runtime.harness import harness
from comb_compiler.runtime.messages import Messages
from comb_compiler.runtime.params import BadParameters
from comb_compiler.runtime.sdk import Call, Model, Parcel, Workspace, operator

__all__ = [
    "BadOperator",
    "BadParameters",
    "Call",
    "Code",
    "Messages",
    "Model",
    "OperatorError",
    "Parcel",
    "Workspace",
    "harness",
    "operator",
]
