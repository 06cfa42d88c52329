"""What the GPUs of this machine are doing, and processes on them, by NVML. What is not known is None, and says why."""

from comb_compiler.devices.device import Device, Devices, Use
from comb_compiler.devices.looking import kept_open, of_process, snapshot, uses

__all__ = ["Device", "Devices", "Use", "kept_open", "of_process", "snapshot", "uses"]
